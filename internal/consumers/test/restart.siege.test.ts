import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Choices, checkRunsAsync, hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session, toWindowsPath } from 'winnode';
import { freePort } from './tcp.js';

// A task runner starts a server, as during development. Ctrl-C or SIGKILL ends the server, and it
// is restarted at once.

const rows = 5;
const endsInRow = 10;
const host = describeHost();
const reason = host.kind === 'wine' ? '' : `needs signals and Wine: ${host.reason || host.kind}`;
const work = resolve(import.meta.dirname, '../.work/restart');
const mark = `RESTART_MARK=${randomUUID()}`;

const { resolve: find } = createRequire(import.meta.url);
const winnode = join(dirname(find('winnode/package.json')), 'bin', 'winnode.mjs');
const turbo = resolve(import.meta.dirname, '../../../node_modules/turbo/bin/turbo');
const runners = {
  npm: ['npm', 'run', 'serve'],
  turbo: [process.execPath, turbo, 'run', 'serve', '--env-mode=loose'],
} as const;

/** Creates a project with one task, the server. The shell records winnode's exit code. */
function makeProject(): void {
  mkdirSync(work, { recursive: true });
  const serve = `trap : INT; node '${winnode}' server.mjs "$ADDRESS"; echo $? > code`;
  const manifest = { name: 'restart', private: true, packageManager: 'npm@10.0.0', type: 'module' };
  writeFileSync(join(work, 'package.json'), JSON.stringify({ ...manifest, scripts: { serve } }));
  const tasks = { serve: { cache: false, persistent: true } };
  writeFileSync(join(work, 'turbo.json'), JSON.stringify({ tasks }));
  const server = readFileSync(join(import.meta.dirname, 'restart-server.mjs'));
  writeFileSync(join(work, 'server.mjs'), server);
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  output(): string;
}

function start(runner: keyof typeof runners, address: string): Running {
  rmSync(join(work, 'code'), { force: true });
  const [command, ...args] = runners[runner];
  const [name, value] = mark.split('=') as [string, string];
  const env = { ...process.env, [name]: value, ADDRESS: address, TURBO_TELEMETRY_DISABLED: '1' };
  // The runner has its own process group, as in a terminal, so that a signal reaches the whole
  // group.
  const options = { cwd: work, env, detached: true } as const;
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return { child, ended: once(child, 'close'), output: () => output };
}

/** The runner's processes and their descendants: turbo puts its task into a group of its own. */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`).includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Waits until the server prints that it listens. */
async function up({ output, child }: Running): Promise<void> {
  while (!/(^|\s)up\s/m.test(output())) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the server ended before it listened:\n${output()}`);
    }
    await sleep(20);
  }
}

async function expectGone(): Promise<void> {
  await expect.poll(processes, { timeout: 10_000, interval: 20 }).toEqual([]);
}

/** Ends the server by Ctrl-C, possibly before the server listens for the signal. */
async function interrupt(running: Running, afterMs: number): Promise<void> {
  await sleep(afterMs);
  if (running.child.exitCode === null) process.kill(-(running.child.pid as number), 'SIGINT');
  await running.ended;
  await expectGone();
  const code = existsSync(join(work, 'code')) && Number(readFileSync(join(work, 'code'), 'utf8'));
  // The file does not exist if the shell had not started. After an orderly close the exit code is
  // 0, otherwise that of the signal.
  const documented = /(^|\s)closed\s/m.test(running.output()) ? [0] : [130, false];
  expect(documented, running.output()).toContain(code);
}

/** Kills all processes at once; a socket file remains. */
async function kill(running: Running): Promise<void> {
  for (const pid of processes()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has ended together with another one.
    }
  }
  await running.ended;
  await expectGone();
}

async function expectServes(address: string): Promise<void> {
  const [, hostName, port] = address.split('|');
  if (port === undefined) return;
  const client = connect(Number(port), hostName);
  await once(client, 'connect');
  await once(client.resume(), 'close');
}

/**
 * Starts servers one after another at the same address. Each is ended at a random moment, and the
 * next one starts at once.
 */
async function restart(choices: Choices, addresses: readonly string[]): Promise<void> {
  const address = choices.pick(addresses);
  for (let end = 0; end < endsInRow; end += 1) {
    const runner = choices.pick(['npm', 'turbo'] as const);
    const [isKilled, isUp, afterMs] = [
      choices.chance(0.2),
      choices.chance(0.5),
      choices.below(1_500),
    ];
    try {
      const running = start(runner, address);
      if (isKilled || isUp) await up(running);
      if (isUp) await expectServes(address);
      if (isKilled) await kill(running);
      else await interrupt(running, isUp ? afterMs / 10 : afterMs);
    } catch (cause) {
      const how = isKilled ? 'killed' : `Ctrl-C after ${afterMs} ms${isUp ? ' of being up' : ''}`;
      const message = `${runner}, ${address}, ${how}: ${(cause as Error).message}`;
      throw new Error(message, { cause });
    }
  }
  const last = start('npm', address);
  await up(last);
  await expectServes(address);
  await interrupt(last, 0);
}

describe.skipIf(reason !== '')(`a server under a task runner ${reason}`, () => {
  const { isPresent: hasFiles, reason: noFiles } = hostProfile().afUnix;
  let session: Session;
  beforeAll(async () => {
    makeProject();
    // All servers share one wineserver, so that Ctrl-C ends only the server and not Wine.
    session = await openSession();
  });
  afterAll(async () => {
    for (const pid of processes()) process.kill(pid, 'SIGKILL');
    await session.close();
    rmSync(work, { recursive: true, force: true });
  });

  const files = hasFiles ? '' : `; without files of sockets: ${noFiles}`;
  test(`G12: after each of ${rows * endsInRow} ends at a random moment, all processes have ended and the next server works${files}`, async () => {
    const addresses = [`tcp|127.0.0.1|${await freePort()}`];
    if (hasFiles) addresses.push(`uds|${toWindowsPath(join(work, 's'))}`);
    await checkRunsAsync(rows, 1, (choices) => restart(choices, addresses));
  });
});
