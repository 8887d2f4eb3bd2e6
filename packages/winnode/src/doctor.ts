import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WinnodeError } from './errors.js';
import { winnodeVersion } from './host.js';
import { runWindowsNode } from './run.js';
import { installWindowsNode, requireWineFor } from './windows-node.js';
import { toWindowsPath } from './windows-path.js';
import { findWine } from './wine.js';

/**
 * `ok`: it works. `missing`: it is not there. `unsupported`: it is there and says that it cannot.
 * `failed`: it was tried and went wrong. `skipped`: it could not be tried; `detail` says why.
 */
export type Verdict = 'ok' | 'missing' | 'unsupported' | 'failed' | 'skipped';

/** One thing that was looked at. */
export interface Item {
  readonly name: string;
  /** False for what a program can do without. */
  readonly isNecessary: boolean;
  readonly verdict: Verdict;
  /** Its version; empty where it has none, or none is known. */
  readonly version: string;
  /** What was seen. */
  readonly detail: string;
  /** What to do next; empty when nothing is to be done. */
  readonly hint: string;
}

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The project whose `ntdllx` is asked; default: this process's working directory. */
  readonly cwd?: string;
  /** Told one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
}

/** What Windows Node may take to look at itself. */
const probeLimitMs = 60_000;

const reportIt = 'What the lines above it say may help; so may a run with WINEDEBUG=+seh.';

/** What is looked at from within, in order, and whether it is necessary. */
const inside = { koffi: true, AFD: true, AF_UNIX: false, 'optional calls': false };

/**
 * Looks at everything that running Windows programs here depends on: the host, Wine, Windows Node,
 * and from within Windows Node what the project's `ntdllx` says of koffi, AFD and the rest. Never
 * throws for what it finds; each finding is an item.
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Item[]> {
  const env = options.env ?? process.env;
  const items = [hostItem(), wineItem(env), await windowsNodeItem(env, options)].filter(
    (each) => each !== null,
  );
  if (!isWell(items)) return [...items, ...skipped('it needs what failed above')];
  return [...items, ...(await askInside(env, options))];
}

/** True when nothing that is necessary is amiss. */
export function isWell(items: readonly Item[]): boolean {
  const isFine = ({ verdict }: Item) => verdict === 'ok' || verdict === 'skipped';
  return items.every((item) => !item.isNecessary || isFine(item));
}

function necessary(name: string, verdict: Verdict, more: Partial<Item>): Item {
  return { name, isNecessary: true, verdict, version: '', detail: '', hint: '', ...more };
}

function skipped(detail: string): Item[] {
  return Object.entries(inside).map(([name, isNecessary]) =>
    necessary(name, 'skipped', { detail, isNecessary }),
  );
}

function hostItem(): Item {
  const detail = `${process.platform} ${process.arch}, Node ${process.versions.node}`;
  return necessary('host', 'ok', { version: release(), detail });
}

function amiss(name: string, error: unknown): Item {
  if (!(error instanceof WinnodeError)) throw error;
  const { code, message, hint } = error;
  if (code === 'ERR_INTERRUPTED') throw error;
  const verdict = /_MISSING$|^ERR_FETCH$/.test(code) ? 'missing' : 'unsupported';
  return necessary(name, verdict, { detail: message, hint });
}

function wineItem(env: NodeJS.ProcessEnv): Item | null {
  if (process.platform === 'win32') return null;
  try {
    const wine = findWine(env);
    requireWineFor(wine, env);
    return necessary('Wine', 'ok', { version: wine.version, detail: wine.loader });
  } catch (error) {
    return amiss('Wine', error);
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
    return amiss(name, error);
  }
}

/** What is seen from within; what NODE_OPTIONS of the user's breaks is not blamed on others. */
async function askInside(env: NodeJS.ProcessEnv, options: DiagnoseOptions): Promise<Item[]> {
  const items = await askOnce(env, options);
  const { NODE_OPTIONS: theirs, ...without } = env;
  const isSome = isWell(items) || items.some(({ verdict }) => verdict === 'ok');
  if (!theirs || isSome) return items;
  const again = await askOnce(without, options);
  if (!isWell(again)) return items;
  const detail = `Windows Node does not start with "${theirs}"; what follows is without it`;
  const hint = 'Unset it for winnode, or see what Windows Node says above.';
  return [necessary('NODE_OPTIONS', 'failed', { detail, hint }), ...again];
}

async function askOnce(env: NodeJS.ProcessEnv, options: DiagnoseOptions): Promise<Item[]> {
  const probe = toWindowsPath(fileURLToPath(new URL('./windows-probe.js', import.meta.url)));
  const { onProgress, cwd } = options;
  let said = '';
  try {
    const { exitCode, crash, isTimedOut } = await runWindowsNode([probe], {
      env,
      timeLimitMs: probeLimitMs,
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => stdout?.setEncoding('utf8').on('data', (text) => (said += text)),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { items, reason } = readAnswer(said);
    if (reason !== undefined) return skipped(`${cwd ?? process.cwd()} ${reason}`);
    if (exitCode === 0) return items;
    const detail = isTimedOut
      ? `no answer within ${probeLimitMs / 1_000} s`
      : `Windows Node died: ${crash ?? `exit code ${exitCode}`}`;
    const next = Object.keys(inside).find((name) => items.every((item) => item.name !== name));
    return [...items, necessary(next ?? 'the rest', 'failed', { detail, hint: reportIt })];
  } catch (error) {
    if (!(error instanceof WinnodeError)) throw error;
    if (error.code === 'ERR_INTERRUPTED') throw error;
    const { message: detail, hint } = error;
    return [
      necessary('a run in Windows Node', 'failed', { detail, hint }),
      ...skipped('see above'),
    ];
  }
}

/** The probe prints one JSON object per line: an item each, or why it has none. */
function readAnswer(said: string): { items: Item[]; reason: string | undefined } {
  const lines = said.split('\n').filter((line) => line.startsWith('{'));
  const parts = lines.map((line) => JSON.parse(line) as Item & { reason?: string });
  return {
    items: parts.filter(({ reason }) => reason === undefined),
    reason: parts.find(({ reason }) => reason !== undefined)?.reason,
  };
}

/** The items for a terminal, one line each and what to do below it; or as JSON. */
export function printed(items: readonly Item[], isJson: boolean): string {
  if (isJson) {
    return `${JSON.stringify({ winnode: winnodeVersion(), ok: isWell(items), items }, null, 2)}\n`;
  }
  const width = Math.max(...items.map(({ name }) => name.length));
  const lines = items.flatMap(({ name, isNecessary, verdict, version, detail, hint }) => {
    const what = [version, detail].filter(Boolean).join(', ');
    const optional = isNecessary ? '' : ' (optional)';
    const line = `${verdict.padEnd(11)} ${name.padEnd(width)}  ${what}${optional}`;
    return hint === '' ? [line] : [line, `${' '.repeat(width + 14)}${hint}`];
  });
  return `${lines.join('\n')}\n`;
}
