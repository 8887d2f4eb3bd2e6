import { release } from 'node:os';
import { WinnodeError } from './errors.js';
import { winnodeVersion } from './host.js';
import { type Item, isWell, necessary, probeName } from './item.js';
import { lookInside } from './look-inside.js';
import { findProjectProbe } from './project-probe.js';
import { installWindowsNode, requireWineFor } from './windows-node.js';
import { findWine } from './wine.js';

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** A directory of the project whose probe is run; default: this process's working directory. */
  readonly cwd?: string;
  /**
   * How long the project's probe may take, in milliseconds, including the start of Windows Node;
   * default: 60,000.
   */
  readonly limitMs?: number;
  /** Called with one line of text before a slow step. */
  readonly onProgress?: (line: string) => void;
  /** Called with each item as soon as it is known. */
  readonly onItem?: (item: Item) => void;
}

/** How long a project's probe may take, including the start of Windows Node. */
const probeLimitMs = 60_000;

/**
 * Checks everything that a run of Windows Node depends on: the host, Wine, Windows Node, and one
 * run of it. Then it runs the project's own probe, which package.json names as `winnode.probe`, in
 * Windows Node. It does not throw if a check fails: every result is an item, and so is every error
 * of the probe.
 *
 * @throws {InterruptedError} if a signal ended it.
 *
 * @example
 * ```ts
 * import { diagnose, isWell } from 'winnode';
 *
 * const items = await diagnose();
 * for (const { verdict, name, detail } of items) console.log(verdict, name, detail);
 * if (!isWell(items)) process.exitCode = 1;
 * ```
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Item[]> {
  const { env = process.env, cwd = process.cwd(), limitMs = probeLimitMs, onProgress } = options;
  const items: Item[] = [];
  const onItem = (item: Item | undefined) => {
    if (item === undefined) return;
    items.push(item);
    options.onItem?.(item);
  };
  const found = findProjectProbe(cwd);
  const probe = 'probe' in found ? found.probe : undefined;
  onItem(hostItem());
  onItem(wineItem(env));
  onItem(await windowsNodeItem(env, options));
  if (isWell(items)) await lookInside({ env, cwd, probe, limitMs, onProgress, onItem });
  else if (probe !== undefined) {
    onItem(necessary(probeName, 'skipped', { detail: 'not run: a necessary item above failed' }));
  }
  if ('problem' in found) onItem(found.problem);
  return items;
}

function hostItem(): Item {
  const detail = `${process.platform} ${process.arch}, Node ${process.versions.node}`;
  return necessary('host', 'ok', { version: release(), detail });
}

function failedItem(name: string, error: unknown): Item {
  if (!(error instanceof WinnodeError)) throw error;
  const { code, message, hint } = error;
  if (code === 'ERR_INTERRUPTED') throw error;
  const verdict = /_MISSING$|^ERR_FETCH$/.test(code) ? 'missing' : 'unsupported';
  return necessary(name, verdict, { detail: message, hint });
}

function wineItem(env: NodeJS.ProcessEnv): Item | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const wine = findWine(env);
    requireWineFor(wine, env);
    return necessary('Wine', 'ok', { version: wine.version, detail: wine.loader });
  } catch (error) {
    return failedItem('Wine', error);
  }
}

async function windowsNodeItem(env: NodeJS.ProcessEnv, options: DiagnoseOptions): Promise<Item> {
  const name = 'Windows Node';
  if (process.platform === 'win32') {
    return necessary(name, 'ok', { version: process.versions.node, detail: process.execPath });
  }
  try {
    const { version, exe } = await installWindowsNode({ ...options, env });
    return necessary(name, 'ok', { version, detail: exe });
  } catch (error) {
    return failedItem(name, error);
  }
}

/** Width of the name column: an item is printed before the longest name is known. */
const nameWidth = 32;

/** Formats an item for a terminal: one line, and the hint below it. */
export function printedItem({ name, isNecessary, verdict, version, detail, hint }: Item): string {
  const what = [version, detail].filter(Boolean).join(', ');
  const optional = isNecessary ? '' : ' (optional)';
  const line = `${verdict.padEnd(11)} ${name.padEnd(nameWidth)} ${what}${optional}`;
  const indent = ' '.repeat(nameWidth + 13);
  const below = hint === '' ? [] : hint.split('\n').map((each) => `${indent}${each}`);
  return `${[line.replaceAll('\n', `\n${indent}`), ...below].join('\n')}\n`;
}

/** All items as one JSON document. */
export function itemsJson(items: readonly Item[]): string {
  return `${JSON.stringify({ winnode: winnodeVersion(), ok: isWell(items), items }, null, 2)}\n`;
}
