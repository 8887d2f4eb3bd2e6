// The program of the prompt on any host: it owns the terminal and runs the evaluating program in
// Windows Node.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runWindowsNode, toWindowsPath, WinnodeError } from 'winnode';
import { historyFile } from './history.js';
import { type Settings, writeSettings } from './settings.js';
import { TerminalFront } from './terminal-front.js';

/** The exit code after Ctrl-C. */
const interruptedExitCode = 130;

const { build } = parseArgs({ options: { build: { type: 'string', default: 'debug' } } }).values;

/** The path of the history file for Windows Node; undefined if its directory cannot be created. */
function historyForWindows(): string | undefined {
  const file = historyFile(process.env, process.platform, (line) =>
    process.stderr.write(`${line}\n`),
  );
  if (file === undefined) return undefined;
  const directory = dirname(file);
  // Without `recursive`: with it, Node 20 would loop for ever for a directory such as /proc/x.
  for (const each of [dirname(directory), directory]) {
    try {
      mkdirSync(each);
    } catch {
      // The directory exists, or it cannot be created.
    }
  }
  if (!existsSync(directory)) return undefined;
  return process.platform === 'win32' ? file : toWindowsPath(file);
}

function settingsOf(hasTerminal: boolean): Settings {
  if (!hasTerminal) return { terminal: undefined, history: undefined, build };
  const { columns, rows } = process.stdout;
  const terminal = { columns, rows, colorDepth: process.stdout.getColorDepth() };
  return { terminal, history: historyForWindows(), build };
}

async function main(): Promise<number> {
  const hasTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const script = fileURLToPath(new URL('./prompt.js', import.meta.url));
  const conditions = build === 'debug' ? ['--conditions=debug'] : [];
  const args = [...conditions, script, ...writeSettings(settingsOf(hasTerminal))];
  const front = hasTerminal ? new TerminalFront() : undefined;
  const onProgress = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const { exitCode, crash } = await runWindowsNode(args, { ...front?.options, onProgress });
    front?.release();
    if (front?.wasEnded) return interruptedExitCode;
    if (crash !== undefined) {
      process.stderr.write(
        `\nThe prompt crashed: ${crash}. The likely cause is a wrong address in a call of NT.\n`,
      );
    }
    return exitCode;
  } finally {
    front?.release();
  }
}

// The reader has closed the pipe (`| head`): the exit code is kept.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof WinnodeError)) throw error;
  process.stderr.write(`${[error.message, error.hint].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
