import { WinnodeError } from './errors.js';
import { describeHost, winnodeVersion } from './host.js';
import { type RunResult, runWindowsNode } from './run.js';
import { InterruptedError, signalExitCode } from './signals.js';

const help = `Usage: winnode [node options] [script.js [arguments]]

Runs a script in Windows Node: with this Node on Windows, under Wine elsewhere. Arguments go to
Node as they are, the exit code is the script's, and without a script Node's prompt starts.

  --help      this text
  --version   the versions of winnode, of Wine and of the Windows Node (-v: only Node's own)

Environment:
  WINNODE_CACHE    where Wine prefixes are kept (default: winnode in the user's cache directory)
  WINNODE_PREFIX   one prefix to use instead; made if it is not there
  WINNODE_WINE     the 64-bit Wine loader to use
  WINNODE_NODE     the Windows node.exe to use
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

/** The command line: runs it and says how this process should end. */
export async function main(args: readonly string[]): Promise<RunResult> {
  if (args[0] === '--help' || args[0] === '--version') {
    process.stdout.write(args[0] === '--help' ? help : versions());
    return { exitCode: 0, signal: null };
  }
  try {
    const onProgress = (line: string) => process.stderr.write(`winnode: ${line}\n`);
    return await runWindowsNode(args, { onProgress });
  } catch (error) {
    if (error instanceof InterruptedError) {
      return { exitCode: signalExitCode(error.signal), signal: error.signal };
    }
    if (!(error instanceof WinnodeError)) throw error;
    process.stderr.write(`winnode: ${error.message}\n${error.hint}\n`);
    return { exitCode: 1, signal: null };
  }
}
