import { realpath } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { isAbsolute, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { send } from '@fastify/send';

/** A response to a request for a file. */
export interface FileResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body. */
  readonly stream: Readable;
}

/** The error for a file that must not be served. */
class HiddenFileError extends Error {}

/**
 * Responds to a request for a file below a directory. Files whose name or directory begins with a
 * dot, and files outside of the directory, also by way of a link, are answered with 404. A
 * directory is answered with its index.html.
 *
 * @param root the real path of the directory.
 */
export async function fileResponse(root: string, request: IncomingMessage): Promise<FileResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'Method Not Allowed', { Allow: 'GET, HEAD' });
  }
  const path = pathOf(request.url ?? '');
  if (path === undefined) return plain(400, 'Bad Request');
  try {
    return await send(request, path, {
      root,
      dotfiles: 'ignore',
      onFile: async (file, stats) => {
        if (!stats.isFile() || !(await isVisible(root, file))) throw new HiddenFileError();
      },
    });
  } catch (error) {
    if (error instanceof HiddenFileError) return plain(404, 'Not Found');
    // The file disappeared, or may not be read.
    return plain(500, 'Internal Server Error');
  }
}

/** The path of a request's target, still encoded. */
function pathOf(target: string): string | undefined {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return path.startsWith('/') ? path : undefined;
}

/**
 * Checks the real path of a file, because on Windows one file has several names: links, junctions,
 * and the short names of 8.3 that hide a dot. A colon would name another stream of a file.
 */
async function isVisible(root: string, file: string): Promise<boolean> {
  const path = relative(root, await realpath(file));
  if (path === '' || isAbsolute(path) || path.includes(':')) return false;
  return path.split(sep).every((name) => !name.startsWith('.'));
}

function plain(
  statusCode: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): FileResponse {
  const body = `${text}\n`;
  return {
    statusCode,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(body.length),
      ...headers,
    },
    stream: Readable.from([body]),
  };
}
