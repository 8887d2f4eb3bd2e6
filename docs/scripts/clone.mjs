// How a reader gets the packages without npm. Changes by itself with the first version, and with the
// public address in the package.json at the top.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { home } from './links.mjs';
import { root } from './packages.mjs';

/** The part of the page Start about a clone. */
export function clonePart() {
  const manifest = readFileSync(join(root, 'packages/ntdllx/package.json'), 'utf8');
  const isReleased = JSON.parse(manifest).version !== '0.0.0';
  const state = isReleased ? '' : '**The packages are not published on npm yet.** ';
  const address =
    home === ''
      ? 'The repository has no public address yet: get a copy of it from the people who gave you ' +
        'these pages, and run in its top directory:'
      : 'To get one:';
  const clone = home === '' ? [] : [`$ git clone ${home} tofu-nt`, '$ cd tofu-nt'];
  return [`${state}${address}`, '', '```console', ...clone, '$ npm run setup', '```', ''].join(
    '\n',
  );
}
