import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Item, necessary, probeName } from './item.js';

/** The probe module of a project. */
export interface ProjectProbe {
  /** The directory of the package.json that names the module. */
  readonly project: string;
  /** The specifier in package.json: `./probe.mjs`, or `package/probe`. */
  readonly specifier: string;
}

/** The probe of a project, undefined if it names none, or the error in its package.json. */
export type FoundProbe = { readonly probe: ProjectProbe | undefined } | { readonly problem: Item };

const form = 'Write "winnode": { "probe": "./probe.mjs" }, or remove the field "winnode".';

/** Finds the probe that the nearest package.json names, from a directory upwards. */
export function findProjectProbe(directory: string): FoundProbe {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const file = join(at, 'package.json');
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return wrong(`${file} cannot be read: ${code}`);
      if (dirname(at) === at) return { probe: undefined };
      continue;
    }
    return probeIn(at, file, text);
  }
}

function probeIn(project: string, file: string, text: string): FoundProbe {
  let manifest: unknown;
  try {
    // npm accepts a byte order mark, too.
    manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return wrong(`${file} is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(manifest)) return wrong(`${file} is not a JSON object`);
  const { winnode } = manifest;
  if (winnode === undefined) return { probe: undefined };
  const mustBe = (key: string, value: unknown) =>
    `${file} contains ${key} ${JSON.stringify(value)}; the value must be`;
  if (!isObject(winnode)) return wrong(`${mustBe('"winnode":', winnode)} an object`, form);
  const { probe, ...others } = winnode;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return wrong(`${file} contains the unknown field "${unknown}" in "winnode"`, form);
  }
  if (probe === undefined) return { probe };
  if (typeof probe === 'string' && probe !== '') return { probe: { project, specifier: probe } };
  return wrong(`${mustBe('"winnode.probe":', probe)} the name of a module`, form);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function wrong(detail: string, hint = 'winnode reads the name of the probe from this file.') {
  return { problem: necessary(probeName, 'failed', { detail, hint }) };
}
