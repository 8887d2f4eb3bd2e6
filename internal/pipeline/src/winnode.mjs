// The test harness always uses winnode's debug build, whatever build is tested: setup builds it
// first.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const manifest = createRequire(import.meta.url).resolve('winnode/package.json');
const built = pathToFileURL(join(dirname(manifest), 'dist', 'debug', 'index.js'));

/** @type {typeof import('winnode')} */
const winnode = await import(built.href);

export const {
  describeHost,
  ensurePrefix,
  findWine,
  installWindowsNode,
  openSession,
  prefixPath,
  toWindowsPath,
} = winnode;
