// Brings a fresh clone to where everything can run, and is quick and offline when it is there:
// packages by pnpm, Wine by apt where it is missing, winnode, a Wine prefix, the facts of this host.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mendTemporaryDirectory } from '../internal/pipeline/src/temporary-directory.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const leastNode = [20, 19];
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** An end for people: its message is printed, and nothing else. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The environment variable that declines installation, as the flag --no-install does. */
export const declineVariable = 'TOFU_NT_NO_INSTALL';

/** Where what is said goes: standard output, or standard error where that is for programs. */
let output = process.stdout;

/** From now on only the ladder itself writes to standard output. */
export function keepStdoutForPrograms() {
  output = process.stderr;
}

function say(line) {
  output.write(`${line}\n`);
}

// The reader has closed the pipe (`| head`): the work goes on, the exit code counts. What is lost otherwise, in
// a file on a full disk, makes the exit code 1.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') process.once('exit', (code) => (process.exitCode = code || 1));
});
process.stderr.on('error', () => {});

/**
 * Runs a program with this one's streams; resolves to its exit code. Signals are the program's to
 * handle: this process ends after it, in order. A terminal sends Ctrl-C to both of them.
 */
export function run(command, args, { mayEndBySignal = false, ...options } = {}) {
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env };
  const stdio = ['inherit', output, 'inherit'];
  const given = commandLine(command, args, options.shell);
  const child = spawn(...given, { cwd: root, stdio, env, ...options });
  let endedBy;
  const forward = (signal) => {
    endedBy = signal;
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((done, failed) => {
    child.on('error', (error) =>
      failed(new SetupError(`${command} does not start: ${error.message}`)),
    );
    child.on('close', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  })
    .finally(() => {
      for (const signal of signals) process.off(signal, forward);
    })
    .then((code) => {
      // A program that a signal is meant to end says itself how that went.
      if (endedBy === undefined || (mayEndBySignal && code === 0)) return code;
      throw new SetupError(`Ended by ${endedBy}.`, 128 + constants.signals[endedBy]);
    });
}

/**
 * What `spawn` takes for a command. Through a shell, which Windows needs for npm.cmd and pnpm.cmd,
 * it is one text: no word of ours may have a blank in it, or a sign that cmd.exe reads.
 */
function commandLine(command, args, isThroughShell) {
  return isThroughShell ? [[command, ...args].join(' '), []] : [command, args];
}

/** npm, as the one that runs this if it does, and the arguments that make it run the pinned pnpm. */
function npmExec(args) {
  const flags = ['--yes', '--prefer-offline', '--loglevel=error', `--package=${packageManager}`];
  const exec = ['exec', ...flags, '--', ...args];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js'))
    return { command: process.execPath, args: [npm, ...exec], shell: false };
  return { command: 'npm', args: exec, shell: process.platform === 'win32' };
}

const pnpmPlace = join(root, 'node_modules', '.setup-pnpm');

/** turbo, as a script for Node. */
export const turboBinary = join(root, 'node_modules', 'turbo', 'bin', 'turbo');

/** The directory of the pinned pnpm that an earlier setup used; npm may ask the network for it. */
function knownPnpm() {
  if (!existsSync(pnpmPlace)) return undefined;
  const [version, directory] = readFileSync(pnpmPlace, 'utf8').split('\n');
  const isThere = existsSync(join(directory, process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm'));
  return version === packageManager && isThere ? directory : undefined;
}

function rememberPnpm() {
  const { command, args, shell } = npmExec(['node', 'scripts/print-pnpm.mjs']);
  const options = { cwd: root, encoding: 'utf8', shell };
  const { stdout, status } = spawnSync(...commandLine(command, args, shell), options);
  if (status === 0) writeFileSync(pnpmPlace, `${packageManager}\n${stdout.trim()}`);
}

/** Runs the pinned pnpm, which need not be installed. */
export function pnpm(args, options = {}) {
  const directory = knownPnpm();
  const npm = npmExec(['pnpm', ...args]);
  if (directory === undefined) {
    return run(npm.command, npm.args, { shell: npm.shell, ...options });
  }
  const path = `${directory}${delimiter}${process.env.PATH}`;
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env, PATH: path };
  return run('pnpm', args, { env, shell: process.platform === 'win32', ...options });
}

/** Runs the pinned turbo, which runs its tasks by the pinned pnpm. */
export function turbo(args, options = {}) {
  const directory = knownPnpm();
  if (directory === undefined) return pnpm(['exec', 'turbo', ...args], options);
  const PATH = `${directory}${delimiter}${process.env.PATH}`;
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env, PATH };
  return run(process.execPath, [turboBinary, ...args], { env, ...options });
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = leastNode;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new SetupError(
    `Node ${leastNode.join('.')} or newer is needed; this is ${process.version}.`,
  );
}

function manifests() {
  const groups = ['packages', 'internal'].map((group) => join(root, group));
  const packages = groups.flatMap((group) => readdirSync(group).map((name) => join(group, name)));
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.cjs', 'package.json']
    .map((name) => join(root, name))
    .concat(packages.map((directory) => join(directory, 'package.json')))
    .filter((file) => existsSync(file));
}

/** Installs the packages of the repository, without anything of this host's Wine. */
export async function installPackages() {
  const hash = createHash('sha256').update(`${process.platform} ${root}`);
  for (const file of manifests()) hash.update(readFileSync(file));
  const digest = hash.digest('hex');
  const stamp = join(root, 'node_modules', '.setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    if (knownPnpm() === undefined) rememberPnpm();
    return;
  }
  say(`Installing packages with ${packageManager}`);
  const frozen = ['install', '--frozen-lockfile', '--prefer-offline'];
  if ((await pnpm(frozen)) !== 0) {
    throw new SetupError('pnpm could not install the packages: see above. Is the network there?');
  }
  rememberPnpm();
  writeFileSync(stamp, digest);
}

async function buildWinnode() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if ((await run(process.execPath, [tsc, '-p', 'packages/winnode/tsconfig.build.json'])) !== 0) {
    throw new SetupError('winnode could not be built: see above.');
  }
}

/** How this user becomes root without being asked, or undefined. */
function elevation() {
  if (process.getuid?.() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n'] : undefined;
}

async function installWine(reason) {
  const mayInstall = process.platform === 'linux' && process.arch === 'x64';
  const asRoot = elevation();
  if (!mayInstall || !existsSync('/usr/bin/apt-get') || asRoot === undefined) throw reason;
  const apt = ['apt-get', '-q', '-y'];
  const install = [...apt, 'install', '--no-install-recommends', 'wine', 'wine64'];
  const quiet = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  say('Wine is missing; installing it from your distribution (about 120 MB to fetch):');
  say(`  ${[...asRoot, ...install].join(' ')}`);
  say(`To decline, end this and use --no-install or ${declineVariable}=1.`);
  const log = join(tmpdir(), `tofu-nt-apt-${process.pid}.log`);
  const out = openSync(log, 'a');
  for (const command of [[...apt, 'update'], install]) {
    const [program, ...args] = [...asRoot, ...quiet, ...command];
    if ((await run(program, args, { stdio: ['ignore', out, out] })) !== 0) {
      throw new SetupError(`${command.join(' ')} failed. What it said is in ${log}`);
    }
  }
}

async function prepareWine(isInstallAllowed) {
  const { ensurePrefix, findWine, installWindowsNode, prefixPath } = await import(
    '@tofu-nt/pipeline/winnode'
  );
  try {
    findWine();
  } catch (reason) {
    const isAbsent = reason.code === 'ERR_WINE_MISSING' && !process.env.WINNODE_WINE;
    if (!isInstallAllowed || !isAbsent) throw reason;
    await installWine(reason);
  }
  const wine = findWine();
  const node = await installWindowsNode({ onProgress: say });
  await ensurePrefix(prefixPath(wine, node), wine, node, { onProgress: say });
}

/** Prepares this host and says what it is. @returns whether it can run Windows Node. */
async function prepareHost(isInstallAllowed, mayLackWine) {
  try {
    if (process.platform !== 'win32') await prepareWine(isInstallAllowed);
  } catch (reason) {
    if (!mayLackWine || reason.name !== 'WinnodeError') throw reason;
  }
  const { writeHostFacts } = await import('@tofu-nt/pipeline/host-facts');
  const { kind, reason, system, wine, windowsNode } = writeHostFacts();
  const parts = kind === 'none' ? [system, reason] : [system, wine, `Windows Node ${windowsNode}`];
  say(`Host: ${parts.filter(Boolean).join(', ')}`);
  return kind !== 'none';
}

/**
 * The arguments without --no-install, and whether that was not among them. Who says it to npm itself,
 * without a -- before it, declines as well: npm makes an empty setting of it.
 */
export function takeInstallFlag(given) {
  const args = withoutSeparator(given);
  const rest = args.filter((arg) => arg !== '--no-install');
  const isSaidToNpm = process.env.npm_config_install === '';
  return { rest, isInstallAllowed: rest.length === args.length && !isSaidToNpm };
}

/** The arguments without a leading --, which pnpm passes on where npm does not. */
export function withoutSeparator(args) {
  return args[0] === '--' ? args.slice(1) : args;
}

/**
 * Sets everything up.
 *
 * @param {boolean} isInstallAllowed whether Wine may be installed by apt.
 * @param {{ mayLackWine?: boolean }} options whether a host without Wine will do.
 * @returns {Promise<boolean>} whether this host can run Windows Node.
 */
export async function setup(isInstallAllowed, { mayLackWine = false } = {}) {
  requireNode();
  await installPackages();
  await buildWinnode();
  return await prepareHost(isInstallAllowed && !process.env[declineVariable], mayLackWine);
}

/** Writes down which Wine and Node this host has, if winnode is built, which looks for them. */
export async function describeThisHost() {
  if (!existsSync(join(root, 'packages/winnode/dist/debug/index.js'))) return;
  (await import('@tofu-nt/pipeline/host-facts')).writeHostFacts();
}

/** Asks the host what it has, for the tests. Everything is built by now. */
export async function askHost() {
  const { requireHostFacts } = await import('@tofu-nt/pipeline/host-facts');
  const { writeHostProfile } = await import('@tofu-nt/pipeline/host-profile');
  return await writeHostProfile(requireHostFacts(), 'debug');
}

/** Builds everything in both builds, untested: in the pipeline a release build waits for the tests. */
export async function buildAll() {
  const builds = ['build:debug', 'build:release', '--concurrency=2', '--output-logs=errors-only'];
  if ((await turbo(['run', ...builds])) !== 0) {
    throw new SetupError('The build failed: see above.');
  }
}

/** Builds one package and what it depends on, in one build, and says something only if that fails. */
export async function buildQuietly(name, build) {
  const log = join(tmpdir(), `tofu-nt-build-${process.pid}.log`);
  const out = openSync(log, 'w');
  const task = ['run', `build:${build}`, `--filter=${name}`];
  const code = await turbo([...task, '--output-logs=errors-only'], {
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const said = readFileSync(log, 'utf8');
  rmSync(log);
  if (code !== 0) throw new SetupError(`${said}\nThe build failed: see above.`);
}

/** Runs a top-level command: its error is one message, its result the exit code. */
export async function main(command) {
  mendTemporaryDirectory();
  try {
    process.exitCode = await command();
  } catch (error) {
    const isForPeople = error instanceof SetupError || error.name === 'WinnodeError';
    if (!isForPeople) throw error;
    process.stderr.write(`\n${[error.message, error.hint].filter(Boolean).join('\n')}\n`);
    process.exitCode = error.exitCode ?? 1;
  }
}

/** The one line that makes `pnpm turbo test` available. */
export function sayHowToGetPnpm() {
  say(`\nFor the pipeline itself (pnpm turbo test): npm install --global ${packageManager}`);
}
