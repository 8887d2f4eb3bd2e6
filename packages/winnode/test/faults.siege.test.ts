import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Choices, checkRunsAsync } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWindowsNode, findWine, openSession, prefixPath, type Session } from 'winnode';
import { bin, type Ended, host, runIn } from './cli.js';
import { chooseFault, emptyDirectory, type Fault, type Place, type Strike } from './faults.js';
import {
  copyPrefix,
  processesOf,
  programsOf,
  removeCache,
  serverOf,
  shareNode,
} from './prefixes.js';
import { noMounts, reason } from './sabotage.js';

const starts = 200;
/**
 * How many starts run at the same time, each in its own place with its own prefix. Wine spends half
 * of its time waiting, so more than one per processor is useful.
 */
const placeCount = 4;

interface OwnPlace extends Place {
  readonly env: NodeJS.ProcessEnv;
  /** The entries of the cache and of `.winnode` while the prefix is not in use. */
  readonly names: string;
  /** Identifies the prefix, so that a copy or a recreated prefix is noticed. */
  readonly identity: string;
}

/** Each place has its own HOME, so that the test need not set a variable for the cache. */
async function makePlace(): Promise<OwnPlace> {
  const home = mkdtempSync(join(tmpdir(), 'winnode faults '));
  const cache = join(home, '.cache', 'winnode');
  emptyDirectory(cache);
  shareNode(cache);
  const {
    WINNODE_PREFIX: _prefix,
    WINNODE_CACHE: _cache,
    XDG_CACHE_HOME: _xdg,
    ...rest
  } = process.env;
  const env = { ...rest, HOME: home };
  const prefix = prefixPath(findWine(), findWindowsNode(), env);
  await copyPrefix(prefix);
  const place = { home, cache, prefix, runs: join(home, 'runs') };
  const session = await openSession({ env });
  await runIn(session, ['-p', '1'], { env });
  await session.close();
  return { ...place, env, names: namesOf(place), identity: identityOf(prefix) };
}

function namesOf({ home, cache, prefix }: Place): string {
  const directories = [cache, join(prefix, '.winnode'), join(prefix, '.winnode', 'users')];
  const names = directories.map((directory) => readdirSync(directory).sort().join(' '));
  // The directories with the records of the current run belong to the test.
  const own = readdirSync(home).filter((name) => !['runs', 'facts'].includes(name));
  return [own.join(' '), ...names].join(' | ');
}

function identityOf(prefix: string): string {
  const ready = join(prefix, '.winnode', 'ready.json');
  const places = [prefix, ready].map((path) => statSync(path, { bigint: true }));
  return `${places.map(({ ino, mtimeMs }, index) => (index === 0 ? ino : `${ino} ${mtimeMs}`))}`;
}

/** The program records that it ran by creating a directory, which needs no file descriptor. */
const program = (code: number, tookMs: number) => `
  require('node:fs').mkdirSync(process.argv[1] + '/' + process.pid + '-' + process.hrtime.bigint());
  setTimeout(() => process.exit(${code}), ${tookMs});`;

interface Outcome extends Ended {
  /** The number of times that the program ran. */
  readonly runs: number;
}

async function startWith(
  fault: Fault,
  place: OwnPlace,
  code: number,
  tookMs: number,
): Promise<Outcome> {
  const [wrapper, options] = [fault.wrapper ?? [], fault.options ?? []];
  const facts = join(place.home, 'facts');
  for (const directory of [place.runs, facts]) emptyDirectory(directory);
  const script = ['-e', program(code, tookMs), `Z:${place.runs.replaceAll('/', '\\')}`];
  const words = [...wrapper, process.execPath, bin, ...options, ...script];
  const undo = fault.before?.(place);
  try {
    const ours = { NODE: process.execPath, WINNODE: bin, CACHE: place.cache, FACTS: facts };
    const child = spawn(words[0] as string, words.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...place.env, ...ours, ...fault.env },
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
      });
    }
    const closed = new Promise<Ended>((done, failed) => {
      child.on('error', failed);
      child.on('close', (exitCode, signal) => done({ code: exitCode, signal, ...said }));
    });
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    if (fault.strike) await strikeAt(fault.strike, place, child.pid as number, isOver);
    const ended = await closed;
    return { ...ended, runs: readdirSync(place.runs).length };
  } finally {
    undo?.();
  }
}

async function strikeAt(
  { target, signal, afterMs, then }: Strike,
  { cache, prefix }: OwnPlace,
  winnode: number,
  isOver: () => boolean,
): Promise<void> {
  const find = {
    winnode: () => winnode,
    program: () => programsOf(cache)[0],
    wineserver: () => serverOf(prefix),
  }[target];
  let pid = find();
  while (pid === undefined && !isOver()) {
    await sleep(20);
    pid = find();
  }
  const send = (what: NodeJS.Signals) => {
    try {
      if (pid !== undefined && !(target === 'winnode' && isOver())) process.kill(pid, what);
    } catch {
      // The process has exited.
    }
  };
  await sleep(afterMs);
  send(signal);
  if (then === undefined) return;
  await sleep(then.afterMs);
  send(then.signal);
}

/**
 * A lock remains valid for 10 s after its holder exits. The test makes it older, so that it need
 * not wait.
 */
function ageLocks({ prefix }: OwnPlace): void {
  const old = new Date(Date.now() - 60_000);
  for (const lock of [`${prefix}.lock`, join(prefix, '.winnode', 'wineserver.lock')]) {
    if (existsSync(lock)) utimesSync(lock, old, old);
  }
}

/** The program ran exactly once, or winnode reported that it did not run. */
function expectAccounted({ code, signal, runs, stderr }: Outcome, own: number, fault: Fault): void {
  expect(runs).toBeLessThanOrEqual(1);
  // The program's own exit code is not 0.
  expect(code).not.toBe(0);
  if (code === own) expect(runs).toBe(1);
  expect(stderr).not.toMatch(/^\s+at .+winnode/m);
  const struck = [fault.strike?.signal, fault.strike?.then?.signal];
  // The kernel ends a process with SIGXFSZ if it writes a file beyond the limit.
  if (fault.name.startsWith('ulimit -f')) struck.push('SIGXFSZ');
  const isBySignal = struck.some(
    (each) => each !== undefined && (signal === each || code === 128 + constants.signals[each]),
  );
  if (code === own || isBySignal) return;
  // Any other cause that keeps a program from ending by itself is reported.
  expect(stderr).not.toBe('');
  if (runs === 1) expect(stderr).not.toMatch(/did not start|does not start|nothing was run/);
}

/** Another start finds the prefix intact. Afterwards neither run has left anything. */
async function expectGood(place: OwnPlace, session: Session, progress: string[]): Promise<void> {
  const good = await runIn(session, ['-p', "'good'"], { env: place.env });
  expect(good).toEqual({ code: 0, signal: null, stdout: 'good\n', stderr: '' });
  expect(progress).toEqual([]);
  expect(identityOf(place.prefix)).toBe(place.identity);
}

function expectGoodOnItsDisk({ home }: OwnPlace): void {
  const read = (name: string) => readFileSync(join(home, 'facts', name), 'utf8');
  expect(read('good')).toBe('good\n');
  const [after, before] = ['after', 'before'].map((name) => read(name).replace(/\s+/g, ' '));
  expect(after, `on its disk: ${after}`).toBe(before);
}

async function tryOne(place: OwnPlace, choices: Choices): Promise<string> {
  const fault = chooseFault(choices);
  const [code, tookMs] = [60 + choices.below(20), choices.pick([0, 0, 100, 500])];
  const isShared = choices.chance(0.5) && !fault.isAlone;
  const progress: string[] = [];
  const onProgress = (line: string) => {
    if (!line.startsWith('Waiting for another winnode')) progress.push(line);
  };
  const open = () => openSession({ env: place.env, onProgress });
  const others = isShared ? await open() : undefined;
  let session: Session | undefined;
  let outcome: Outcome | undefined;
  try {
    outcome = await startWith(fault, place, code, tookMs);
    expectAccounted(outcome, code, fault);
    if (fault.isOnItsOwnDisk) expectGoodOnItsDisk(place);
    ageLocks(place);
    session = others ?? (await open());
    await expectGood(place, session, progress);
    await session.close();
    expect(processesOf(place.home)).toEqual([]);
    expect(namesOf(place), namesOf(place)).toBe(place.names);
  } catch (cause) {
    const { stdout: _, ...seen } = outcome ?? { stdout: '' };
    const where = isShared ? ', beside another user of the prefix' : '';
    const message = `${fault.name}${where}: ${(cause as Error).message}\n${JSON.stringify(seen)}`;
    throw new Error(message, { cause });
  } finally {
    await (session ?? others)?.close();
  }
  return outcome.runs === 1 ? 'ran once' : 'did not run, and winnode said so';
}

describe.skipIf(host.kind !== 'wine')(`${starts} starts, each with a fault ${reason}`, () => {
  const places: OwnPlace[] = [];
  beforeAll(async () => {
    for (let place = 0; place < placeCount; place += 1) places.push(await makePlace());
  });
  afterAll(() => {
    for (const { cache, home } of places) for (const each of [cache, home]) removeCache(each);
  });

  test(`winnode loses no prefix, leaves no file, and reports a result for each program${
    noMounts && `; without full disks: ${noMounts}`
  }`, async () => {
    const counts = new Map<string, number>();
    await checkRunsAsync(starts, placeCount, async (choices, _run, place) => {
      const what = await tryOne(places[place] as OwnPlace, choices);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    });
    console.log([...counts].map(([what, count]) => `${count} ${what}`).join(', '));
  });
});
