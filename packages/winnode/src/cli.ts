import { parseArguments } from './arguments.js';
import { clean } from './clean.js';
import { diagnose, itemsJson, printedItem } from './doctor.js';
import { explained, WinnodeError } from './errors.js';
import { describeHost, winnodeVersion } from './host.js';
import { install } from './install.js';
import { type Item, isWell } from './item.js';
import { withPackageCommand } from './package-command.js';
import { runWindowsNode } from './run.js';
import type { RunResult } from './run-child.js';
import { InterruptedError, signalExitCode } from './signals.js';

const help = `Usage: winnode [--time-limit SECONDS] [--node VERSION] [node options] [script.js [arguments]]
       winnode [--time-limit SECONDS] [--node VERSION] COMMAND [arguments]
       winnode install [--node VERSION]
       winnode clean
       winnode doctor [--json]

Runs a script in Windows Node: on Windows in the Node that runs winnode, elsewhere under Wine.
winnode passes the arguments to Node unchanged, and exits with the exit code of the script. Without
a script it starts Node's prompt. COMMAND is a command of an installed package, as for npx.

  install     prepares the first run: fetches Windows Node and the Windows builds of the project's
              packages with npm, and makes a Wine prefix. A second install needs no network
  clean       removes from winnode's cache everything that no program uses
  doctor      checks Wine and Windows Node. Then it runs the probe of the project, a module that
              package.json names: "winnode": { "probe": MODULE }. --json prints one JSON document
  --time-limit SECONDS
              ends the script and its children after SECONDS; the exit code is then 124
  --node VERSION
              like WINNODE_NODE, for this run
  --help      this text
  --version   the versions of winnode, of Wine and of the Windows Node (-v: only Node's own)

Exit codes: that of the script; 1 winnode could not run it; 2 wrong arguments or settings; 124 the
time limit ended it; 128 + the number of the signal that ended it. Of doctor: 0 everything
necessary works; 1 otherwise.

Environment:
  WINNODE_CACHE    the directory of the cache (default: winnode in the user's cache directory)
  WINNODE_PREFIX   the Wine prefix to use; winnode makes it if it does not exist, and never removes it
  WINNODE_WINE     the 64-bit Wine loader to use
  WINNODE_NODE     the Windows Node to use: 22, 24, 26 (Wine 10), a version, or a file (default: 22)
  WINNODE_PACKAGES a directory whose node_modules has the Windows builds of native packages, or
                   "none" (default: fetched, by the project's lock file)
  WINNODE_START_LIMIT
                   seconds that Wine and Windows Node may take to start (default: 60)
  WINEDEBUG        Wine's own debug channels (default: -all)
`;

function versions(): string {
  const { kind, reason, system, wine, windowsNode } = describeHost();
  const host =
    kind === 'none'
      ? reason
      : [windowsNode && `Node ${windowsNode}`, wine].filter(Boolean).join(', ');
  return `winnode ${winnodeVersion()} on ${system}: ${host}\n`;
}

const say = (line: string) => process.stderr.write(`winnode: ${line}\n`);
const ended = (exitCode: number): RunResult => ({ exitCode, signal: null });

async function run(args: readonly string[]): Promise<RunResult> {
  const asked = parseArguments(args);
  switch (asked.what) {
    case 'help':
    case 'version':
      process.stdout.write(asked.what === 'help' ? help : versions());
      return ended(0);
    case 'doctor': {
      const onItem = (item: Item) => process.stdout.write(printedItem(item));
      const items = await diagnose({ onProgress: say, ...(asked.isJson ? {} : { onItem }) });
      if (asked.isJson) process.stdout.write(itemsJson(items));
      return ended(isWell(items) ? 0 : 1);
    }
    case 'install':
      return ended(await installAll(asked.node));
    case 'clean':
      return ended(await cleanAll());
    case 'run': {
      const { timeLimitMs, node } = asked;
      const own = timeLimitMs === undefined ? {} : { timeLimitMs };
      const env = withNode(node);
      const words = withPackageCommand(asked.args, '.', env);
      const result = await runWindowsNode(words, { onProgress: say, env, ...own });
      if (result.isTimedOut) {
        const seconds = (timeLimitMs ?? 0) / 1_000;
        say(`the program did not end within its time limit of ${seconds} s, so winnode ended it`);
      }
      if (result.crash !== undefined) say(`Windows Node died: ${result.crash}`);
      return result;
    }
  }
}

/** The environment, with the version that `--node` gives. */
const withNode = (node: string | undefined): NodeJS.ProcessEnv =>
  node === undefined ? process.env : { ...process.env, WINNODE_NODE: node };

async function installAll(node: string | undefined): Promise<number> {
  const { windowsNode, packages, prefix } = await install({ env: withNode(node), onProgress: say });
  const lines = [
    `Windows Node   ${windowsNode}`,
    `packages       ${packages ?? 'no Windows builds needed'}`,
    ...(prefix === '' ? [] : [`Wine prefix    ${prefix}`]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

async function cleanAll(): Promise<number> {
  const { removed, kept } = await clean({ onProgress: say });
  const lines = [
    ...removed.map((path) => `removed ${path}`),
    ...kept.map(({ path, why }) => `kept    ${path}: ${why}`),
  ];
  process.stdout.write(`${lines.join('\n') || 'Nothing to remove.'}\n`);
  return kept.length === 0 ? 0 : 1;
}

/** 128 + SIGPIPE: the exit code in a shell of a program whose reader closed the pipe. */
const brokenPipeExitCode = 141;
let isReaderGone = false;
let isOutputLost = false;

/**
 * The reader of winnode's output may exit early, as `head` does. Further output is then discarded,
 * and a running `doctor` is ended as by SIGTERM. A program that winnode runs has its own streams.
 */
function endQuietly(): void {
  if (process.stdout.listeners('error').includes(onOutputError)) return;
  process.stdout.on('error', onOutputError);
  // A failed write to standard error must not change the exit code of a program.
  process.stderr.on('error', () => {});
}

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    // For example, the disk is full.
    if (!isOutputLost) {
      const message = `the output of winnode is incomplete, because a write failed: ${error.message}`;
      process.stderr.write(`winnode: ${message}\n`);
    }
    isOutputLost = true;
    process.exitCode = 1;
    return;
  }
  isReaderGone = true;
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
  else process.exitCode = brokenPipeExitCode;
}

/** Runs the command line and returns how this process should end. */
export async function main(args: readonly string[]): Promise<RunResult> {
  endQuietly();
  try {
    const result = await run(args);
    // The error of the last write arrives as an event.
    await new Promise((done) => setImmediate(done));
    if (isReaderGone) return ended(brokenPipeExitCode);
    return isOutputLost && result.exitCode === 0 ? ended(1) : result;
  } catch (cause) {
    const error = explained(cause);
    if (error instanceof InterruptedError) {
      if (isReaderGone) return ended(brokenPipeExitCode);
      return { exitCode: signalExitCode(error.signal), signal: error.signal };
    }
    if (!(error instanceof WinnodeError)) throw error;
    process.stderr.write(`winnode: ${error.message}\n${error.hint}\n`);
    return ended(error.code === 'ERR_USAGE' ? 2 : 1);
  }
}
