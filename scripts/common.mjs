// Prepares a fresh clone: installs packages by pnpm, and Wine by apt where it is missing, builds
// winnode, makes a Wine prefix, and writes the facts of this host. When all this exists, it takes
// little time and needs no network.
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
import {
  mendConfigDirectory,
  mendTemporaryDirectory,
} from '../internal/pipeline/src/mend-environment.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const leastNode = [20, 19];
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** An error for the user: the command prints only its message, without a stack trace. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The environment variable that declines installation, as the flag --no-install does. */
export const declineVariable = 'TOFU_NT_NO_INSTALL';

/**
 * The stream for messages: standard output, or standard error if standard output is read by a
 * program.
 */
let output = process.stdout;

/** Sends all further messages to standard error; only the ladder writes to standard output. */
export function keepStdoutForPrograms() {
  output = process.stderr;
}

function say(line) {
  output.write(`${line}\n`);
}

// When the reader has closed the pipe (`| head`), the command continues, and its exit code is
// unchanged. When output is lost for another reason, such as a full disk, the exit code is 1.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') process.once('exit', (code) => (process.exitCode = code || 1));
});
process.stderr.on('error', () => {});

/**
 * Runs a program with the streams of this process; resolves to its exit code. The program handles
 * signals, and this process ends after it. A terminal sends Ctrl-C to both.
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
      failed(new SetupError(`${command} could not be started: ${error.message}`)),
    );
    child.on('close', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  })
    .finally(() => {
      for (const signal of signals) process.off(signal, forward);
    })
    .then((code) => {
      // A program that handles the signal prints its own message.
      if (endedBy === undefined || (mayEndBySignal && code === 0)) return code;
      throw new SetupError(`Interrupted by ${endedBy}.`, 128 + constants.signals[endedBy]);
    });
}

/**
 * The arguments of `spawn` for a command. Windows needs a shell for npm.cmd and pnpm.cmd, and then
 * the command is one string. So no argument may contain a space or a character that cmd.exe
 * interprets.
 */
function commandLine(command, args, isThroughShell) {
  return isThroughShell ? [[command, ...args].join(' '), []] : [command, args];
}

/**
 * The npm that runs this script, or else the npm on the PATH, with the arguments that make it run
 * the pinned pnpm.
 */
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

/**
 * The directory of the pinned pnpm, if an earlier setup has found it: npm may need the network to
 * find it.
 */
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

/** Runs the pinned pnpm; npm fetches it if it is not installed. */
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

/** Runs the pinned turbo. It runs its tasks with the pinned pnpm. */
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
    `This repository needs Node ${leastNode.join('.')} or newer; this is ${process.version}.`,
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

/** Installs the packages of the repository. It needs no Wine. */
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
    throw new SetupError(
      'pnpm could not install the packages: see its output above. Is the network available?',
    );
  }
  rememberPnpm();
  writeFileSync(stamp, digest);
}

async function buildWinnode() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if ((await run(process.execPath, [tsc, '-p', 'packages/winnode/tsconfig.build.json'])) !== 0) {
    throw new SetupError('winnode could not be built: see the output above.');
  }
}

/** The command with which this user becomes root without a password; undefined if there is none. */
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
  say('Wine is missing. Installing it from your distribution, a download of about 120 MB:');
  say(`  ${[...asRoot, ...install].join(' ')}`);
  say(`To prevent the installation, press Ctrl-C, and use --no-install or ${declineVariable}=1.`);
  const log = join(tmpdir(), `tofu-nt-apt-${process.pid}.log`);
  const out = openSync(log, 'a');
  for (const command of [[...apt, 'update'], install]) {
    const [program, ...args] = [...asRoot, ...quiet, ...command];
    if ((await run(program, args, { stdio: ['ignore', out, out] })) !== 0) {
      throw new SetupError(`${command.join(' ')} failed. Its output is in ${log}`);
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

/** Prepares this host and prints its facts. @returns whether it can run Windows Node. */
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
 * The arguments without --no-install, and whether installation is allowed. The flag also counts
 * when npm took it, because no -- stood before it: npm then sets an environment variable to an
 * empty value.
 */
export function takeInstallFlag(given) {
  const args = withoutSeparator(given);
  const rest = args.filter((arg) => arg !== '--no-install');
  const isSaidToNpm = process.env.npm_config_install === '';
  return { rest, isInstallAllowed: rest.length === args.length && !isSaidToNpm };
}

/** The arguments without a leading --. pnpm passes the -- on, npm removes it. */
export function withoutSeparator(args) {
  return args[0] === '--' ? args.slice(1) : args;
}

/**
 * Prepares the clone and the host.
 *
 * @param {boolean} isInstallAllowed whether Wine may be installed by apt.
 * @param {{ mayLackWine?: boolean }} options whether a host without Wine is sufficient.
 * @returns {Promise<boolean>} whether this host can run Windows Node.
 */
export async function setup(isInstallAllowed, { mayLackWine = false } = {}) {
  requireNode();
  await installPackages();
  await buildWinnode();
  return await prepareHost(isInstallAllowed && !process.env[declineVariable], mayLackWine);
}

/**
 * Writes the versions of Wine and Node on this host to a file, if winnode is built: winnode finds
 * them.
 */
export async function describeThisHost() {
  if (!existsSync(join(root, 'packages/winnode/dist/debug/index.js'))) return;
  (await import('@tofu-nt/pipeline/host-facts')).writeHostFacts();
}

/** Determines the features of the host for the tests. All packages must be built. */
export async function askHost() {
  const { requireHostFacts } = await import('@tofu-nt/pipeline/host-facts');
  const { writeHostProfile } = await import('@tofu-nt/pipeline/host-profile');
  return await writeHostProfile(requireHostFacts(), 'debug');
}

/**
 * Builds all packages in both builds without testing them. In the pipeline a release build starts
 * only after the tests.
 */
export async function buildAll() {
  const builds = ['build:debug', 'build:release', '--concurrency=2', '--output-logs=errors-only'];
  if ((await turbo(['run', ...builds])) !== 0) {
    throw new SetupError('The build failed: see the output above.');
  }
}

/** Builds one package and its dependencies in one build. Prints only if the build fails. */
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

/** Runs a top-level command. Its result is the exit code; of an error the message is printed. */
export async function main(command) {
  mendTemporaryDirectory();
  mendConfigDirectory(join(root, 'node_modules', '.no-config'));
  try {
    process.exitCode = await command();
  } catch (error) {
    const isForPeople = error instanceof SetupError || error.name === 'WinnodeError';
    if (!isForPeople) throw error;
    process.stderr.write(`\n${[error.message, error.hint].filter(Boolean).join('\n')}\n`);
    process.exitCode = error.exitCode ?? 1;
  }
}

/** Prints the command that makes `pnpm turbo test` available. */
export function sayHowToGetPnpm() {
  say(
    `\nTo run the pipeline by pnpm turbo test, install pnpm: npm install --global ${packageManager}`,
  );
}
