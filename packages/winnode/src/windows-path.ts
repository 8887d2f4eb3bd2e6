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

/** One value of `NODE_OPTIONS`: quoted, so that spaces and backslashes survive Node's parser. */
export function quoteNodeOption(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
