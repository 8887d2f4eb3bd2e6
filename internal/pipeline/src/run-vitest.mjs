// One start of vitest, on the host or in Windows Node, for test files of any number of packages. A
// start takes seconds under Wine, so all packages of a run share one. In Windows Node each test
// file still has its own process.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { profileFile } from './host-profile.mjs';
import { notRun, together } from './run-again.mjs';
import { openSession, toWindowsPath } from './winnode.mjs';

const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
const vitest = join(dirname(manifest), 'vitest.mjs');
const compileCache = fileURLToPath(new URL('../node_modules/.compile-cache', import.meta.url));
const config = fileURLToPath(new URL('./vitest.config.mjs', import.meta.url));

/**
 * Runs test files, and runs a file once more if its process did not start. On a busy machine this
 * happens under Wine 8 once in hundreds of starts: Windows Node hangs before it runs anything.
 *
 * @param nodeKind `host`: in this Node. `windows`: in Windows Node, under Wine.
 * @param packages each with `name`, `directory` and `files`.
 * @param options `build`; `workers`: the number of files at a time, by default one; `isBrief`:
 *   print a line for each file instead of each test; `vitestOptions`; `env`.
 * @returns the exit code, and the results of each file by the name of its package; undefined if
 *   vitest ended before it reported them.
 */
export async function runVitest(nodeKind, packages, options) {
  const first = await startVitest(nodeKind, packages, options);
  const again = notRun(packages, first);
  if (again.length === 0) return first;
  const names = again.flatMap(({ name, files }) => files.map((file) => `${name} ${file}`));
  process.stderr.write(
    `${nodeKind}: the process did not start, so it is started again: ${names.join(', ')}\n`,
  );
  return together(first, await startVitest(nodeKind, again, options));
}

async function startVitest(nodeKind, packages, options) {
  const { build, workers = 1, isBrief = false, vitestOptions = [] } = options;
  const env = options.env ?? process.env;
  const isUnderWine = nodeKind === 'windows' && process.platform !== 'win32';
  const path = isUnderWine ? toWindowsPath : (each) => each;
  const directory = mkdtempSync(join(tmpdir(), 'test-run-'));
  const planFile = join(directory, 'plan.json');
  const resultsFile = join(directory, 'results.json');
  const plan = {
    nodeKind,
    workers,
    isBrief,
    resultsFile: path(resultsFile),
    packages: packages.map((each) => ({ ...each, directory: path(each.directory) })),
  };
  writeFileSync(planFile, JSON.stringify(plan));
  const isInWindowsNode = nodeKind === 'windows';
  const nodeOptions = [
    env.NODE_OPTIONS,
    build === 'debug' ? '--conditions=debug' : '',
    // More threads of V8's own take a tenth of the CPU time, because several files at a time use all
    // cores, and under Wine a thread costs as much as a hundred calls. (0 would mean: as many
    // threads as cores.)
    '--v8-pool-size=1',
  ];
  const command = [vitest, 'run', '--config', config, '--configLoader', 'native', ...vitestOptions];
  const environment = {
    ...env,
    TEST_BUILD: build,
    TEST_HOST_PROFILE: path(profileFile),
    TEST_PLAN: path(planFile),
    NODE_OPTIONS: nodeOptions.filter(Boolean).join(' '),
    // Each file's process loads the same modules; Node 22 caches their compiled code here.
    ...(isInWindowsNode ? { NODE_COMPILE_CACHE: path(compileCache) } : {}),
  };
  try {
    const start = isUnderWine ? startUnderWine : startHere;
    const exitCode = await start(command, environment);
    return { exitCode, results: readResults(resultsFile) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function startHere(command, env) {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'], env });
  const end = (signal) => child.kill(signal);
  const signals = ['SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  return new Promise((done) => {
    child.on('close', (code) => {
      for (const signal of signals) process.off(signal, end);
      done(code ?? 1);
    });
  });
}

async function startUnderWine(command, env) {
  const session = await openSession({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  try {
    const stdio = ['ignore', 'inherit', 'inherit'];
    return (await session.run(command, { stdio, env })).exitCode;
  } finally {
    await session.close();
  }
}
