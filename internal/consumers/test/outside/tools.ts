import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { publishedPackages, readTarball } from '@tofu-nt/release';
import { root } from '../examples.js';

// The tools of a user: package managers, compilers, and the packages as tarballs.

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  packageManager: string;
};
/** Tools that this repository does not need itself. npm keeps them in its cache. */
const fetched = [
  packageManager,
  'yarn@1.22.22',
  'typescript@5.4.5',
  'publint@0.3.25',
  '@arethetypeswrong/cli@0.18.5',
];

/** A directory outside of the repository, for tools, tarballs and projects. */
export const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'outside ')));
const tools = join(scratch, 'tools');

/** The path of a fetched tool below its node_modules. */
export const tool = (path: string) => join(tools, 'node_modules', path);

/** The environment of a user: without the variables of this run's package manager and of turbo. */
export const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_|pnpm_|turbo_|vitest|node_|test)/i.test(name) || name === 'NODE_EXTRA_CA_CERTS',
    ),
  ),
  PATH: [
    tool('.bin'),
    ...(process.env['PATH'] ?? '')
      .split(delimiter)
      .filter((directory) => !directory.includes('node_modules')),
  ].join(delimiter),
  CI: '1',
  NO_COLOR: '1',
};

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, and accepts any exit code. */
export function end(cwd: string, command: string, ...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/**
 * Runs a command.
 *
 * @returns its standard output.
 * @throws with all its output if its exit code is not 0.
 */
export function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = end(cwd, command, ...args);
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${args.join(' ')} ended with exit code ${status}:\n${stdout}${stderr}`,
  );
}

/** Fetches the tools. */
export function installTools(): void {
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  run(scratch, 'npm', 'install', '--prefix', tools, ...options, ...fetched);
}

/** A packed package. */
export interface Tarball {
  readonly name: string;
  readonly file: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  /** What the package exports: `ntdllx`, `ntdllx/kernel32`. */
  readonly entries: readonly string[];
}

/** Packs all packages, each by `pnpm pack` in its directory. */
export function packTarballs(): Tarball[] {
  return publishedPackages(root).map(({ name, directory, manifest }) => {
    run(directory, 'pnpm', 'pack', '--pack-destination', scratch);
    const file = join(scratch, `${name}-${manifest['version']}.tgz`);
    if (!existsSync(file)) throw new Error(`pnpm pack made no ${file}`);
    const tarball = readTarball(file);
    const entries = Object.keys(tarball.manifest['exports'])
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => subpath.replace('.', name));
    const files = tarball.files.map(({ path }) => path);
    return { name, file, manifest: tarball.manifest, files, entries };
  });
}
