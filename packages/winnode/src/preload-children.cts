/*
 * A program may start children and threads with an environment of its own. They would run without
 * the repairs of preload.cts, and winnode could not find them to end them. So this part of the
 * preload adds winnode's variables to their environment.
 *
 * Wine fails to load about one program in several thousand. winnode starts its own program once
 * more in this case. When a program starts a child that Wine does not load, Node's `spawn` fails
 * with UNKNOWN. This part then calls it once more.
 */
const children: typeof import('node:child_process') = require('node:child_process');
const module_: typeof import('node:module') = require('node:module');
const path: typeof import('node:path') = require('node:path');
const util: typeof import('node:util') = require('node:util');
const worker: typeof import('node:worker_threads') = require('node:worker_threads');

type Call = (...args: unknown[]) => unknown;
type Environment = Record<string, string | undefined>;

/** The variables that winnode sets besides NODE_OPTIONS; see run.ts. */
const names = ['WINNODE_HIDE_LINKS', 'WINNODE_LINKS', 'WINNODE_PACKAGES', 'WINNODE_RUN'];
const starters = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];

const ours: Environment = {};
for (const name of names) {
  const value = process.env[name];
  if (value !== undefined) ours[name] = value;
}

const preload = path.join(__dirname, 'preload.cjs');
const nodeOptions = `-r "${preload.replaceAll('\\', '\\\\')}" --preserve-symlinks`;

function withOurs(given: Environment): Environment {
  // On Windows the names of variables are not case-sensitive.
  const key = Object.keys(given).find((name) => name.toUpperCase() === 'NODE_OPTIONS');
  const theirs = key === undefined ? undefined : given[key];
  const isThere = theirs?.includes(nodeOptions);
  const merged = isThere ? theirs : [nodeOptions, theirs].filter(Boolean).join(' ');
  return { ...ours, ...given, [key ?? 'NODE_OPTIONS']: merged };
}

const isOptions = (given: unknown): given is { readonly env: Environment } =>
  typeof given === 'object' &&
  given !== null &&
  typeof (given as { env?: unknown }).env === 'object' &&
  (given as { env?: unknown }).env !== null;

const mended = (args: readonly unknown[]): unknown[] =>
  args.map((each) => (isOptions(each) ? { ...each, env: withOurs(each.env) } : each));

/**
 * True for the error that Node reports if CreateProcess failed for a reason that Node cannot name.
 */
const isUnknown = (error: unknown): boolean => {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'UNKNOWN' && syscall?.startsWith('spawn') === true;
};

/** Starts a child. If Wine does not load it, starts it once more: none of its code has run. */
function started(start: () => unknown): unknown {
  try {
    const result = start();
    // `spawnSync` returns the error instead of throwing it.
    return isUnknown((result as { error?: unknown } | undefined)?.error) ? start() : result;
  } catch (error) {
    if (isUnknown(error)) return start();
    throw error;
  }
}

/** Replaces the functions that start children and threads, for `require` and for `import`. */
function mendChildren(): void {
  const functions = children as unknown as Record<string, Call>;
  for (const name of starters) {
    const original = functions[name] as Call;
    const call: Call = (...args) => started(() => original(...mended(args)));
    Object.defineProperty(call, 'name', { value: name });
    const promised = (original as { [util.promisify.custom]?: Call })[util.promisify.custom];
    if (promised !== undefined) {
      const value: Call = (...args) => promised(...mended(args));
      Object.defineProperty(call, util.promisify.custom, { value });
    }
    functions[name] = call;
  }
  const { Worker } = worker;
  worker.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...(mended(args) as ConstructorParameters<typeof Worker>));
    }
  };
  Object.defineProperty(worker.Worker, 'name', { value: 'Worker' });
  module_.syncBuiltinESMExports();
}

module.exports = { mendChildren };
