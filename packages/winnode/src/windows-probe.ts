/*
 * `winnode doctor` runs this program in Windows Node. It reports that it runs, then runs the
 * project's probe. Each line that it prints begins with a word, the first argument, which
 * distinguishes its lines from the output of the probe. If the project has a probe, two more
 * arguments give the project's directory and the module's name. It writes each line at once,
 * because the next step may crash.
 */
import { writeSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Item, necessary, type Probe, probeName, verdicts } from './item.js';

/** A line that this program prints. */
export type ProbeLine =
  | { readonly start: string }
  | { readonly item: Item }
  | { readonly done: true };

const [mark = '', project = '', specifier] = process.argv.slice(2);
const say = (line: ProbeLine) => writeSync(1, `\n${mark} ${JSON.stringify(line)}\n`);

const isInstalled = `package.json names "${specifier}" as the probe: install it, or build it.`;
const form = 'The default export must be an async generator function: see the README of winnode.';

const sayWrong = (detail: string, hint = form, verdict: 'failed' | 'missing' = 'failed') =>
  say({ item: necessary(probeName, verdict, { detail, hint }) });

const messageOf = (error: unknown) => (error instanceof Error ? error.message : inspect(error));
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : '');

/** Loads the probe; undefined if it cannot be loaded, which this function has then reported. */
async function loadProbe(): Promise<Probe | undefined> {
  let url: string;
  try {
    // Resolved as in the project itself. The second parameter needs an option on the command line.
    url = import.meta.resolve(
      specifier as string,
      pathToFileURL(join(project, 'package.json')).href,
    );
  } catch (error) {
    sayWrong(messageOf(error), isInstalled, 'missing');
    return undefined;
  }
  try {
    const { default: probe } = await import(url);
    if (typeof probe === 'function') return probe as Probe;
    sayWrong(`the default export of ${specifier} is ${kindOf(probe)}, not a function`);
  } catch (error) {
    const isAbsent =
      codeOf(error) === 'ERR_MODULE_NOT_FOUND' && (error as { url?: string }).url === url;
    if (isAbsent) sayWrong(messageOf(error), isInstalled, 'missing');
    else sayWrong(`${specifier} does not load: ${messageOf(error)}`, isInstalled);
  }
  return undefined;
}

async function ask(probe: Probe): Promise<void> {
  let count = 0;
  try {
    const items: unknown = probe();
    if (!isIterable(items)) {
      sayWrong(`the default export of ${specifier} returned ${kindOf(items)}, not a generator`);
      return;
    }
    for await (const item of items) {
      count += 1;
      const wrong = wrongIn(item);
      if (wrong === undefined) say({ item: onlyItem(item as Item) });
      else sayWrong(`its item ${count} ${wrong}`);
    }
  } catch (error) {
    const after = count === 0 ? 'before its first item' : `after item ${count}`;
    sayWrong(`it threw ${after}: ${messageOf(error)}`, 'The probe must yield its items.');
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

const kindOf = (value: unknown) =>
  typeof value === 'object' && value !== null
    ? `an object of ${value.constructor?.name ?? 'no class'}`
    : inspect(value);

/** Describes why a value is not an item. */
function wrongIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `is ${kindOf(value)}, not an object`;
  const item = value as Record<keyof Item, unknown>;
  const has = (key: keyof Item, what: string) => `has ${key} ${inspect(item[key])}, not ${what}`;
  for (const key of ['name', 'version', 'detail', 'hint'] as const) {
    if (typeof item[key] !== 'string') return has(key, 'a string');
  }
  if (item.name === '') return 'has an empty name';
  if (typeof item.isNecessary !== 'boolean') return has('isNecessary', 'a boolean');
  if (verdicts.some((verdict) => verdict === item.verdict)) return undefined;
  return has('verdict', `one of ${verdicts.join(', ')}`);
}

/** The item without other properties of the object, which might not be valid JSON. */
function onlyItem({ name, isNecessary, verdict, version, detail, hint }: Item): Item {
  return { name, isNecessary, verdict, version, detail, hint };
}

say({ start: `${process.platform} ${process.arch}, Windows ${release()}` });
if (specifier !== undefined) {
  const probe = await loadProbe();
  if (probe !== undefined) await ask(probe);
}
say({ done: true });
// A timer or a socket that the probe left open would keep this process alive.
process.exit(0);
