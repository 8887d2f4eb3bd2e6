/*
 * Children and threads that a program starts with an environment of its own would run without what
 * preload.cts mends, and winnode would not find them to end them. So what winnode put into the
 * environment goes along. For preload.cts.
 *
 * Wine fails to load a program once in thousands of starts. winnode starts its own program again then;
 * where a program starts a child, Node's `spawn` fails with UNKNOWN, and is called once more.
 */
const children: typeof import('node:child_process') = require('node:child_process');
const module_: typeof import('node:module') = require('node:module');
const path: typeof import('node:path') = require('node:path');
const util: typeof import('node:util') = require('node:util');
const worker: typeof import('node:worker_threads') = require('node:worker_threads');

type Call = (...args: unknown[]) => unknown;
type Environment = Record<string, string | undefined>;

/** What winnode put into the environment besides NODE_OPTIONS; see run.ts. */
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
  // Windows' own names of variables are of any case.
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

/** True for what Node makes of a failed CreateProcess whose reason it has no name for. */
const isUnknown = (error: unknown): boolean => {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'UNKNOWN' && syscall?.startsWith('spawn') === true;
};

/** Starts a child, and once more where it was not loaded: nothing of it has run then. */
function started(start: () => unknown): unknown {
  try {
    const result = start();
    // `spawnSync` does not throw.
    return isUnknown((result as { error?: unknown } | undefined)?.error) ? start() : result;
  } catch (error) {
    if (isUnknown(error)) return start();
    throw error;
  }
}

/** Mends them, for `require` and for `import` alike. */
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
