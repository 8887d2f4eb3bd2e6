import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { endTree, markVariable } from './end-tree.mjs';

/** The part that runs, to be ended with the siege itself. */
let running;

/** Ends the part that runs, if one does. */
export async function endRunningPart() {
  if (running !== undefined) await endTree(running.child, running.mark);
}

/**
 * Runs the commands of a part one after another, until one fails or the time is over. What they print
 * goes to a file.
 *
 * @returns {Promise<{ outcome: 'passed' | 'failed' | 'ended', tookMs: number, log: string }>}
 */
export async function runPart(part, { root, logDirectory, limitMs, environment, repeats }) {
  mkdirSync(logDirectory, { recursive: true });
  const log = join(logDirectory, `${part.name}.log`);
  const output = openSync(log, 'w');
  const startedMs = performance.now();
  const mark = randomUUID();
  const env = { ...process.env, ...environment, [markVariable]: mark };
  let ending;
  const timer = setTimeout(() => {
    ending = endRunningPart();
  }, limitMs);
  let outcome = 'passed';
  const commands = part.commands(root);
  if (commands.length === 0) {
    writeSync(output, 'There is no test file of this part.\n');
    outcome = 'failed';
  }
  for (const command of Array.from({ length: repeats }, () => commands).flat()) {
    const { cwd = root, args } = command;
    writeSync(output, `$ node ${args.join(' ')}  # in ${cwd}\n`);
    const code = await runCommand(args, { cwd, env, output, mark });
    if (ending !== undefined) outcome = 'ended';
    else if (code !== 0) outcome = 'failed';
    if (outcome !== 'passed') break;
  }
  clearTimeout(timer);
  await ending;
  closeSync(output);
  return { outcome, tookMs: performance.now() - startedMs, log };
}

function runCommand(args, { cwd, env, output, mark }) {
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ['ignore', output, output],
    // A process group of its own: Ctrl-C ends the siege, and the siege ends the part.
    detached: process.platform !== 'win32',
  });
  running = { child, mark };
  return new Promise((done) => {
    child.on('error', (error) => {
      writeSync(output, `It does not start: ${error.message}\n`);
      done(1);
    });
    child.on('exit', (code) => done(code ?? 1));
  }).finally(() => {
    running = undefined;
  });
}

/** The last lines of a log, for people. */
export function tailOf(log, count = 40) {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
