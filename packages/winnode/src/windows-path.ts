import { WinnodeError } from './errors.js';

/**
 * The Windows form of an absolute path of this host: Wine shows the whole file system as drive Z.
 *
 * On Windows a path is returned as it is.
 */
export function toWindowsPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return path;
  if (!path.startsWith('/')) {
    throw new TypeError(`toWindowsPath wants an absolute path, got ${JSON.stringify(path)}`);
  }
  return `Z:${path.replaceAll('/', '\\')}`;
}

/**
 * What keeps Windows from having a name for an absolute path of this host, in words; undefined where
 * nothing is known that does. Wine shows the rest of what Windows would not have, such as colons.
 */
function namelessIn(path: string): string | undefined {
  const parts = path.split('/').filter(Boolean);
  for (const [index, part] of parts.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant.
    const bad = /[\\*?"<>|\u0000-\u001f]/.exec(part)?.[0];
    if (bad !== undefined) return `${JSON.stringify(part)} has ${JSON.stringify(bad)} in it`;
    if (part.endsWith('.')) return `${JSON.stringify(part)} ends in a dot`;
    if (part.endsWith(' ') && index === parts.length - 1) {
      return `${JSON.stringify(part)} ends in a space`;
    }
  }
  return undefined;
}

/**
 * Refuses a path that Windows has no name for.
 *
 * @param what the path is, for people
 * @throws {WinnodeError} `ERR_DIRECTORY`.
 */
export function requireWindowsName(path: string, what: string): void {
  const why = namelessIn(path);
  if (why === undefined) return;
  const message = `Windows has no name for ${what}, ${path}: ${why}.`;
  throw new WinnodeError('ERR_DIRECTORY', message, 'Rename it, or use another directory.');
}

/** One value of `NODE_OPTIONS`: quoted, so that spaces and backslashes survive Node's parser. */
export function quoteNodeOption(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** NODE_OPTIONS of this host for Windows Node, where the address of a file has its drive in it. */
export function nodeOptionsOnDriveZ(options: string): string {
  return options.replaceAll(/file:\/\/\/(?![a-z](:|%3A))/gi, 'file:///Z:/');
}
