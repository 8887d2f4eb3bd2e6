import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { planted, root, work } from './places.mjs';

const runOnHost = join(root, 'internal/pipeline/bin/run-on-host.mjs');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const limitMs = 120_000;
const tests = ['fuzz.test', 'fuzz-wakes.test'];

/**
 * The function that a patched line calls: it creates the file that shows that the line was reached.
 * The function is global, so that a patch changes only one place.
 */
const reachedSource = `import { writeFileSync } from 'node:fs';
declare global {
  /** The planted bug changed the behaviour. */
  var reached: () => void;
}
let isFirst = true;
globalThis.reached = () => {
  if (isFirst) writeFileSync('reached', '');
  isFirst = false;
};
`;

/** Plants one bug, or none, and returns whether the tests fail or pass as expected. */
export async function judge(name, patch) {
  const place = copyPlanted(name);
  const engine = join(place, 'packages/afd-poller');
  if (patch !== undefined) {
    // Outside of a repository git applies a patch unchanged, and either completely or not at all.
    const applied = await run('git', ['apply', '-p1', patch.path], place, {
      GIT_CEILING_DIRECTORIES: work,
    });
    if (applied.code !== 0) return wrong(`the patch does not apply: ${applied.output}`);
  }
  for (const directory of planted) {
    const args = [tsc, '-p', 'tsconfig.build.json'];
    const compiled = await run(process.execPath, args, join(place, directory));
    if (compiled.code !== 0) return wrong(`it does not compile: ${compiled.output}`);
  }
  const files = patch === undefined ? tests : [patch.test];
  const { failures, problem } = await runTests(engine, files);
  if (problem !== undefined) return wrong(problem);
  if (patch === undefined) {
    if (failures.length > 0) return wrong(`the tests fail without a bug: ${failures[0]}`);
    return { isRight: true, text: 'all tests pass' };
  }
  if (!existsSync(join(engine, 'reached'))) return wrong('the patched line was never reached');
  if (failures.length === 0) return wrong('it SURVIVED');
  const message = failures.find((each) => each.includes(patch.fails));
  if (message === undefined)
    return wrong(`found by another assertion than "${patch.fails}": ${firstLine(failures[0])}`);
  return { isRight: true, text: `found by ${firstLine(message)}` };
}

const wrong = (text) => ({ isRight: false, text });
const firstLine = (text) =>
  text
    .split('\n', 1)[0]
    .replace(/^(\w*Error: )+/, '')
    .slice(0, 110);

/**
 * Copies the packages beside the real ones. The copies depend on each other and otherwise on the
 * same packages.
 */
function copyPlanted(name) {
  const place = join(work, name);
  rmSync(place, { recursive: true, force: true });
  for (const directory of planted) copyPackage(directory, join(place, directory));
  return place;
}

function copyPackage(directory, to) {
  const from = join(root, directory);
  mkdirSync(join(to, 'node_modules'), { recursive: true });
  for (const part of ['src', 'test', 'package.json', 'tsconfig.build.json']) {
    if (existsSync(join(from, part)))
      cpSync(join(from, part), join(to, part), { recursive: true, filter: () => true });
  }
  for (const dependency of readdirSync(join(from, 'node_modules'))) {
    const isCopied = planted.includes(`packages/${dependency}`);
    const real = isCopied ? join(to, '..', dependency) : join(from, 'node_modules', dependency);
    symlinkSync(real, join(to, 'node_modules', dependency), 'junction');
  }
  const config = join(to, 'tsconfig.build.json');
  const base = JSON.stringify(join(root, 'tsconfig.base.json'));
  writeFileSync(config, readFileSync(config, 'utf8').replace('"../../tsconfig.base.json"', base));
  writeFileSync(join(to, 'src/reached.ts'), reachedSource);
  for (const entry of ['index.ts', 'internal.ts']) {
    const path = join(to, 'src', entry);
    if (existsSync(path)) appendFileSync(path, "import './reached.js';\n");
  }
}

async function runTests(place, names) {
  const report = join(place, 'report.json');
  const files = names.map((name) => `test/${name}.ts`);
  const options = ['--reporter=json', `--outputFile=${report}`, '--testTimeout=60000'];
  const { code, output } = await run(
    process.execPath,
    [runOnHost, 'debug', ...files, ...options],
    place,
    {
      // As in npm test: with the committed seed and the usual number of runs.
      SIEGE_SEED: '',
      SIEGE_RUNS_FACTOR: '',
      REPLAY_SEED: '',
      REPLAY_PATH: '',
      FUZZ_SHRINK: 'no',
    },
  );
  if (code === null) return { failures: [], problem: `the tests did not end within ${limitMs} ms` };
  if (!existsSync(report))
    return { failures: [], problem: `vitest crashed: ${output.slice(-400)}` };
  const { testResults, success } = JSON.parse(readFileSync(report, 'utf8'));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = results.flatMap(({ failureMessages }) => failureMessages ?? []);
  if (results.length === 0) return { failures, problem: `no test ran: ${output.slice(-400)}` };
  if (!success && failures.length === 0) return { failures, problem: 'failed without a message' };
  const late = failures.find((message) => /timed out/i.test(message));
  return { failures, problem: late && `a time-out: ${firstLine(late)}` };
}

/** Runs a program to its end; `code` is null if it was killed. */
function run(file, args, cwd, env = {}) {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    shell: process.platform === 'win32' && file !== process.execPath,
    timeout: limitMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  return new Promise((done) => {
    child.on('error', (error) => done({ code: 1, output: error.message }));
    child.on('close', (code) => done({ code, output }));
  });
}
