import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve, sep } from 'node:path';
import { toWindowsPath } from './windows-path.js';

/** The endings that Node tries for a script, besides the name itself. */
const endings = ['', '.js', '.json', '.node', '.cjs', '.mjs'];

/**
 * Replaces the name of an installed package's command by its script, so that `winnode vitest` works
 * as `npx vitest` does. Only the first word can be such a name, and a file of that name in the
 * working directory takes precedence.
 *
 * @param args Node's arguments.
 * @returns the arguments with the script's path; unchanged if the first word is not the name of a command.
 */
export function withPackageCommand(
  args: readonly string[],
  directory: string,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  const [name = '', ...rest] = args;
  if (!/^[\w@][\w.@-]*$/.test(name)) return args;
  if (endings.some((ending) => existsSync(join(directory, name + ending)))) return args;
  let script: string | undefined;
  try {
    script = findPackageCommand(name, resolve(directory), env);
  } catch {
    // The working directory does not exist. The start of the program reports this.
  }
  return script === undefined ? args : [toWindowsPath(script), ...rest];
}

/**
 * Finds the script of a command by its name. It searches the `node_modules` of the directory, an
 * absolute path, and of all directories above it. Then it searches the directories that `npx` and
 * `npm run` have added to PATH.
 */
function findPackageCommand(
  name: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  for (const modules of moduleDirectories(directory, env)) {
    const script = linkedCommand(modules, name) ?? declaredCommand(modules, name);
    if (script !== undefined) return script;
  }
  return undefined;
}

function* moduleDirectories(directory: string, env: NodeJS.ProcessEnv): Generator<string> {
  for (let at = directory; ; at = dirname(at)) {
    yield join(at, 'node_modules');
    if (at === dirname(at)) break;
  }
  const commands = `${sep}node_modules${sep}.bin`;
  for (const entry of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    if (entry.endsWith(commands)) yield dirname(entry);
  }
}

/** npm links a command's name to its script, except on Windows. */
function linkedCommand(modules: string, name: string): string | undefined {
  const link = join(modules, '.bin', name);
  try {
    return lstatSync(link).isSymbolicLink() ? realpathSync.native(link) : undefined;
  } catch {
    return undefined;
  }
}

/** Other package managers write scripts for the shell: the packages themselves name their commands. */
function declaredCommand(modules: string, name: string): string | undefined {
  const packages = packagesIn(modules);
  // A package often names its command after itself. If two packages have the command, this package
  // has precedence.
  const ordered = [...packages].sort(
    (a, b) => Number(basename(b) === name) - Number(basename(a) === name),
  );
  for (const path of ordered) {
    const script = scriptOf(path, name);
    if (script !== undefined) return script;
  }
  return undefined;
}

function packagesIn(modules: string): string[] {
  return namesIn(modules).flatMap((name) => {
    const path = join(modules, name);
    return name.startsWith('@') ? namesIn(path).map((own) => join(path, own)) : [path];
  });
}

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
};

function scriptOf(path: string, name: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const { bin } = manifest as { name?: string; bin?: string | Record<string, string> };
    // A single command has the package's name, without its scope.
    const own = typeof bin === 'string' ? { [basename(manifest.name)]: bin } : bin;
    if (own === undefined || !Object.hasOwn(own, name)) return undefined;
    return realpathSync.native(join(path, own[name] as string));
  } catch {
    return undefined;
  }
}
