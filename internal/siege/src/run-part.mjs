import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { endTree, markVariable } from './end-tree.mjs';

/**
 * Runs the commands of a part one after another, until one fails or the time limit is reached.
 * Their output goes to a file.
 *
 * @param options `signal` ends the part, as its limit does.
 * @returns {Promise<{ outcome: 'passed' | 'failed' | 'ended' | 'stopped', tookMs: number, log:
 *   string }>}
 */
export async function runPart(part, options) {
  const { root, logDirectory, limitMs, environment = {}, repeats = 1, signal } = options;
  mkdirSync(logDirectory, { recursive: true });
  const log = join(logDirectory, `${part.name}.log`);
  const output = openSync(log, 'w');
  const startedMs = performance.now();
  const mark = randomUUID();
  const env = { ...process.env, ...environment, [markVariable]: mark };
  let child;
  let ending;
  let outcome = 'passed';
  const end = (reason) => {
    outcome = reason;
    ending ??= child === undefined ? Promise.resolve() : endTree(child, mark);
  };
  const stop = () => end('stopped');
  const timer = setTimeout(end, limitMs, 'ended');
  signal?.addEventListener('abort', stop);
  const commands = part.commands(root);
  if (commands.length === 0) {
    writeSync(output, 'This part has no test file.\n');
    outcome = 'failed';
  }
  for (const command of Array.from({ length: repeats }, () => commands).flat()) {
    if (outcome !== 'passed') break;
    const { cwd = root, args } = command;
    writeSync(output, `$ node ${args.join(' ')}  # in ${cwd}\n`);
    // The part runs in its own process group. So Ctrl-C reaches only the siege, which then ends the
    // part.
    const detached = process.platform !== 'win32';
    child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', output, output],
      detached,
    });
    const code = await exitCodeOf(child, output);
    if (ending === undefined && code !== 0) outcome = 'failed';
  }
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
  // Ends the processes that a failed command left behind: they would disturb the next part.
  if (outcome === 'failed' && child !== undefined) ending ??= endTree(child, mark);
  await ending;
  closeSync(output);
  return { outcome, tookMs: performance.now() - startedMs, log };
}

function exitCodeOf(child, output) {
  return new Promise((done) => {
    child.on('error', (error) => {
      writeSync(output, `The command could not be started: ${error.message}\n`);
      done(1);
    });
    child.on('exit', (code) => done(code ?? 1));
  });
}

/**
 * The lines of a log with commands that repeat a failure, unless they are among its last lines.
 */
export function replayLinesOf(log) {
  const lines = stripVTControlCharacters(readFileSync(log, 'utf8'));
  const last = stripVTControlCharacters(tailOf(log));
  const found = lines.match(/Again: REPLAY_SEED=.*$/gm) ?? [];
  return [...new Set(found)].filter((line) => !last.includes(line));
}

/** The last lines of a log, for the terminal. */
export function tailOf(log, count = 40) {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
