// The parts of the siege. The runner enforces the limits; together they are 70 minutes at most. On
// an idle machine all parts take half of that.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const runTests = (root) => join(root, 'internal/pipeline/bin/run-tests.mjs');
// Tests have no time limit of their own here: the limit of the part applies. A test that needs a
// shorter limit sets it.
const vitestOptions = ['--testTimeout=1800000', '--hookTimeout=600000'];

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} what its purpose, in one sentence
 * @property {number} limitMinutes the time after which its processes are killed
 * @property {boolean} [isSeeded] whether it uses SIEGE_SEED and SIEGE_RUNS_FACTOR
 * @property {number} [runsFactor] the number of runs, as a multiple of those of `npm test`
 * @property {boolean} [needsWindowsNode] whether a host without Wine skips it
 * @property {RegExp} [files] matches the siege test files of this part
 * @property {(root: string) => { args: string[], cwd?: string }[]} commands Node's arguments
 */

/** @type {Part[]} */
export const parts = [
  siegeFiles({
    name: 'worlds',
    what: 'the engine on the simulated kernel: 5,000,000 random operations, and a failure of each kernel call',
    limitMinutes: 6,
    isSeeded: true,
    files: /^packages\/afd-poller\/test\/(worlds|faults)\.siege\.test\.ts$/,
    builds: ['debug'],
  }),
  {
    name: 'properties',
    what: 'the property tests of all packages, with 100 times as many runs',
    limitMinutes: 3,
    isSeeded: true,
    runsFactor: 100,
    commands: (root) =>
      propertyFiles(root).map(({ directory, files }) => ({
        cwd: join(root, directory),
        args: [runTests(root), testedBuild(join(root, directory)), ...files, ...vitestOptions],
      })),
  },
  siegeFiles({
    name: 'texts',
    what: '1,000,000 random texts as addresses',
    limitMinutes: 0.5,
    isSeeded: true,
    files: /^packages\/tofu-sockets\/test\/million\.siege\.test\.ts$/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'presets',
    what: 'every conformance case and thread test with every preset of the engine, in both builds',
    limitMinutes: 2.5,
    needsWindowsNode: true,
    files: /^packages\/afd-poller\/test\/(conformance|threads)\.siege\./,
    builds: ['debug', 'release'],
  }),
  siegeFiles({
    name: 'crowds',
    what: '10,000 sockets in each preset of the engine, and long cycles of creating and closing sockets',
    limitMinutes: 3.5,
    needsWindowsNode: true,
    files:
      /^packages\/(afd-poller\/test\/(?!conformance|threads)|(tofu-sockets|ntdllx|nt-trace|nt-findings)\/).*\.siege\.win\./,
    builds: ['release'],
  }),
  {
    name: 'mutants',
    what: 'bugs planted into the engine; the tests of npm test must find each',
    limitMinutes: 1.5,
    commands: (root) => [{ args: [join(root, 'internal/mutants/src/run.mjs')] }],
  },
  siegeFiles({
    name: 'next-stage',
    what: 'the next stage, from the command to the verdict, in a copy of the repository',
    limitMinutes: 2.5,
    needsWindowsNode: true,
    files: /^internal\/new-stage\//,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'sabotage-winnode',
    what: 'winnode with processes that are killed, stopped or late, and the command that probes all findings',
    limitMinutes: 4.5,
    needsWindowsNode: true,
    files:
      /^packages\/(winnode\/test\/(?!install|clean|projects|faults)|nt-findings\/test\/[\w-]+\.siege\.test\.ts$)/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'projects',
    what: 'winnode from its tarball in projects of npm, pnpm and Yarn; installations that are killed or fail',
    limitMinutes: 3.5,
    needsWindowsNode: true,
    files: /^packages\/winnode\/test\/(install|clean|projects)\./,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'faults',
    what: '200 starts of winnode with a random fault each: signals, disk, limits, permissions, variables',
    limitMinutes: 6,
    isSeeded: true,
    needsWindowsNode: true,
    files: /^packages\/winnode\/test\/faults\./,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'sabotage-stages',
    what: 'stages and ladder with peers and threads that are late, silent or ended, judged by real clocks',
    limitMinutes: 4,
    needsWindowsNode: true,
    files: /^(packages\/poc-|internal\/(poc-|bench\/|repl\/))/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'reactor',
    what: 'tofu-reactor in each mode: a long run that compares every byte, ends, cycles, failing calls, hostile peers',
    limitMinutes: 8,
    isSeeded: true,
    needsWindowsNode: true,
    files: /^packages\/tofu-reactor\/test\/(?!net-|command\.)/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'streams',
    what: '2,000 random scripts on streams of tofu-reactor and of node:net: the same events in the same order',
    limitMinutes: 2.5,
    isSeeded: true,
    needsWindowsNode: true,
    files: /^packages\/tofu-reactor\/test\/net-/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'libraries',
    what: 'ws, mqtt, ssh2, gRPC, pg, mysql2, SMTP, undici, http, http2 and tls, as on node:net; 10,000 requests of HTTP',
    limitMinutes: 2.5,
    needsWindowsNode: true,
    files: /^internal\/libraries\//,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'command',
    what: 'the proxy with 1,000 connections, every byte compared, 500 resets, and Ctrl-C with a real time limit',
    limitMinutes: 3,
    isSeeded: true,
    needsWindowsNode: true,
    files: /^packages\/tofu-reactor\/test\/command\./,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'kernels',
    what: 'the suites on the real kernel with the expectations of another kernel: exactly the differing rows fail',
    limitMinutes: 2,
    needsWindowsNode: true,
    files: /^internal\/contract\//,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'consumers',
    what: 'bundles, the guides and their output, and a server under a task runner that ends at random moments',
    limitMinutes: 2.5,
    isSeeded: true,
    needsWindowsNode: true,
    files: /^internal\/consumers\/test\/(?!packages)/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'packages',
    what: 'the packages from their tarballs in projects of npm, pnpm and Yarn; a release without the upload',
    limitMinutes: 6.5,
    needsWindowsNode: true,
    files: /^internal\/(consumers\/test\/packages|release\/)/,
    builds: ['release'],
  }),
  siegeFiles({
    name: 'first-run',
    what: 'the commands of a user on Windows, in Windows Node, with pipes and with files',
    limitMinutes: 5,
    needsWindowsNode: true,
    files: /^internal\/siege\/test\/first-run\./,
    builds: ['release'],
  }),
];

/** Makes a part that runs siege test files, package by package. */
function siegeFiles({ files, builds, ...part }) {
  const commands = (root) =>
    siegeTests(root, files).flatMap(({ directory, files: own }) =>
      builds.map((build) => ({
        cwd: join(root, directory),
        args: [runTests(root), build, '--siege', ...own, ...vitestOptions],
      })),
    );
  return { ...part, files, commands };
}

/** The siege test files that match, by package; paths are relative to the package. */
function siegeTests(root, pattern) {
  return testFiles(root).flatMap(({ directory, files }) => {
    const own = files.filter((file) => {
      return /\.siege\.(win\.)?test\.ts$/.test(file) && pattern.test(`${directory}/${file}`);
    });
    return own.length === 0 ? [] : [{ directory, files: own }];
  });
}

const importsCheck = /^import \{[^}]*\bcheckProperty\b[^}]*\} from 'test-kit';/m;

/** The debug build if the package is tested in both builds, because its assertions find more. */
function testedBuild(directory) {
  const { scripts } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return scripts['test:debug'] === undefined ? 'release' : 'debug';
}

/** Property tests for any host, by package. */
export function propertyFiles(root) {
  return testFiles(root).flatMap(({ directory, files }) => {
    const own = files.filter((file) => {
      if (/\.(siege|win)\./.test(file) || directory === 'internal/test-kit') return false;
      return importsCheck.test(readFileSync(join(root, directory, file), 'utf8'));
    });
    return own.length === 0 ? [] : [{ directory, files: own }];
  });
}

/** Every test file, by package. */
export function testFiles(root) {
  const directories = ['packages', 'internal'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  return directories.flatMap((directory) => {
    const files = testsOf(join(root, directory));
    return files.length === 0 ? [] : [{ directory, files }];
  });
}

function testsOf(directory) {
  try {
    return readdirSync(join(directory, 'test'), { recursive: true })
      .map((file) => `test/${file.replaceAll('\\', '/')}`)
      .filter((file) => file.endsWith('.test.ts'))
      .sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
