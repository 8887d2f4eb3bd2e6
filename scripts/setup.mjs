// Brings a fresh clone to where everything can run, and is quick and offline when it is there:
// packages by pnpm, Wine by apt where it is missing, winnode, a Wine prefix, the facts of this host.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const leastNode = [20, 19];
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** An end for people: its message is printed, and nothing else. */
export class SetupError extends Error {}

/** The environment variable that declines installation, as the flag --no-install does. */
export const declineVariable = 'TOFU_NT_NO_INSTALL';

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Runs a program with this one's streams; returns its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw new SetupError(`${command} does not start: ${error.message}`);
  return status ?? 1;
}

/** Runs the pinned pnpm, which need not be installed. */
export function pnpm(args, options) {
  const exec = ['exec', '--yes', '--loglevel=error', `--package=${packageManager}`, '--', 'pnpm'];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) return run(process.execPath, [npm, ...exec, ...args], options);
  const shell = process.platform === 'win32';
  return run('npm', [...exec, ...args], { ...options, shell });
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

function installPackages() {
  const hash = createHash('sha256').update(`${process.platform} ${root}`);
  for (const file of manifests()) hash.update(readFileSync(file));
  const digest = hash.digest('hex');
  const stamp = join(root, 'node_modules', '.setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  say(`Installing packages with ${packageManager}`);
  const frozen = ['install', '--frozen-lockfile', '--prefer-offline'];
  if (pnpm(frozen) !== 0) {
    throw new SetupError('pnpm could not install the packages: see above. Is the network there?');
  }
  writeFileSync(stamp, digest);
}

function buildWinnode() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (run(process.execPath, [tsc, '-p', 'packages/winnode/tsconfig.build.json']) !== 0) {
    throw new SetupError('winnode could not be built: see above.');
  }
}

/** How this user becomes root without being asked, or undefined. */
function elevation() {
  if (process.getuid?.() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n'] : undefined;
}

function installWine(reason) {
  const mayInstall = process.platform === 'linux' && process.arch === 'x64';
  const root = elevation();
  if (!mayInstall || !existsSync('/usr/bin/apt-get') || root === undefined) throw reason;
  const apt = ['apt-get', '-q', '-y'];
  const install = [...apt, 'install', '--no-install-recommends', 'wine', 'wine64'];
  const quiet = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  say('Wine is missing; installing it from your distribution (about 120 MB to fetch):');
  say(`  ${[...root, ...install].join(' ')}`);
  say(`To decline, end this and use --no-install or ${declineVariable}=1.`);
  for (const command of [[...apt, 'update'], install]) {
    const [program, ...args] = [...root, ...quiet, ...command];
    if (run(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }) !== 0) {
      throw new SetupError(`${command.join(' ')} failed: see above.`);
    }
  }
}

async function prepareHost(isInstallAllowed) {
  const { ensurePrefix, findWindowsNode, findWine, prefixPath } = await import('pipeline/winnode');
  if (process.platform !== 'win32') {
    try {
      findWine();
    } catch (reason) {
      if (!isInstallAllowed || reason.code !== 'ERR_WINE_MISSING') throw reason;
      installWine(reason);
    }
    const [wine, node] = [findWine(), findWindowsNode()];
    await ensurePrefix(prefixPath(wine, node), wine, node, { onProgress: say });
  }
  const { writeHostFacts } = await import('pipeline/host-facts');
  const { system, wine, windowsNode } = writeHostFacts();
  say(`Host: ${[system, wine, `Windows Node ${windowsNode}`].filter(Boolean).join(', ')}`);
}

/** Sets everything up. @param {boolean} isInstallAllowed whether Wine may be installed by apt. */
export async function setup(isInstallAllowed) {
  requireNode();
  installPackages();
  buildWinnode();
  await prepareHost(isInstallAllowed && !process.env[declineVariable]);
}

/** Runs a top-level command: its error is one message, its result the exit code. */
export async function main(command) {
  try {
    process.exitCode = await command();
  } catch (error) {
    const isForPeople = error instanceof SetupError || error.name === 'WinnodeError';
    if (!isForPeople) throw error;
    process.stderr.write(`\n${[error.message, error.hint].filter(Boolean).join('\n')}\n`);
    process.exitCode = 1;
  }
}

/** The one line that makes `pnpm turbo test` available. */
export function sayHowToGetPnpm() {
  say(`\nFor the pipeline itself (pnpm turbo test): npm install --global ${packageManager}`);
}
