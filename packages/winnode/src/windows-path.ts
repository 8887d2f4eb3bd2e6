import { WinnodeError } from './errors.js';

/**
 * The Windows form of an absolute path of this host: Wine shows the whole file system as drive Z.
 * On Windows the path is returned unchanged.
 */
export function toWindowsPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return path;
  if (!path.startsWith('/')) {
    throw new TypeError(`toWindowsPath needs an absolute path, but got ${JSON.stringify(path)}.`);
  }
  return `Z:${path.replaceAll('/', '\\')}`;
}

/**
 * Describes why Windows cannot express an absolute path of this host; undefined if it can. Windows
 * forbids more characters, such as colons, but Wine accepts those.
 */
function namelessIn(path: string): string | undefined {
  const parts = path.split('/').filter(Boolean);
  for (const [index, part] of parts.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant.
    const bad = /[\\*?"<>|\u0000-\u001f]/.exec(part)?.[0];
    if (bad !== undefined) return `${JSON.stringify(part)} contains ${JSON.stringify(bad)}`;
    if (part.endsWith('.')) return `${JSON.stringify(part)} ends in a dot`;
    if (part.endsWith(' ') && index === parts.length - 1) {
      return `${JSON.stringify(part)} ends in a space`;
    }
  }
  return undefined;
}

/**
 * Rejects a path that Windows cannot express.
 *
 * @param what the purpose of the path, as text for messages
 */
export function requireWindowsName(path: string, what: string): void {
  const why = namelessIn(path);
  if (why === undefined) return;
  const message = `Windows cannot open ${what} ${path}: ${why}.`;
  throw new WinnodeError('ERR_DIRECTORY', message, 'Rename it, or use another directory.');
}

/** One value of `NODE_OPTIONS`: quoted, so that spaces and backslashes survive Node's parser. */
export function quoteNodeOption(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/**
 * Converts this host's NODE_OPTIONS for Windows Node: on Windows a file URL contains the drive.
 */
export function nodeOptionsOnDriveZ(options: string): string {
  return options.replaceAll(/file:\/\/\/(?![a-z](:|%3A))/gi, 'file:///Z:/');
}
