// Converts links to files of the repository, as they are in its pages, into links to pages of the
// site or to the public repository.
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { root } from './packages.mjs';

const { repository, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The public address of the repository, without a slash at the end; empty if there is none yet. */
export const home = (
  typeof repository === 'string' ? repository : (repository?.url ?? homepage ?? '')
)
  .replace(/^git\+|\.git$|#.*$/g, '')
  .replace(/\/$/, '');

/** The anchor of a heading, formed as on GitHub, so that links work there and on the site. */
export const slugOf = (heading) =>
  heading
    .replace(/\\/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

const ofRoot = ['CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md'];

/**
 * The page of the site that shows a file or a directory of the repository, without its suffix:
 * `kb/decisions/D01…`, `packages/ntdllx`. Undefined if there is none.
 *
 * @param {string} file
 */
export function pageOf(file) {
  if (file === 'README.md') return 'index';
  if (file === 'kb' || file === 'kb/README.md') return 'kb/index';
  if (ofRoot.includes(file)) return file.slice(0, -3).toLowerCase().replaceAll('_', '-');
  const [, readme] = /^((?:packages|internal)\/[^/]+)(?:\/README\.md)?$/.exec(file) ?? [];
  if (readme !== undefined && existsSync(join(root, readme, 'README.md'))) return readme;
  if (file.startsWith('docs/') && file.endsWith('.md')) return file.slice('docs/'.length, -3);
  return /^kb\/.+\.md$/.test(file) ? file.slice(0, -3) : undefined;
}

/**
 * The link of the site for a link in a file of the repository. Undefined if nothing of the site
 * shows its target and the repository has no home yet.
 *
 * @param {string} link
 * @param {string} file
 */
export function siteLink(link, file) {
  if (/^([a-z]+:|\/|#)/.test(link)) return link;
  const [path = '', anchor] = link.split('#');
  const target = posix.join(posix.dirname(file), path).replace(/\/$/, '');
  const page = pageOf(target);
  if (page === undefined) return home === '' ? undefined : `${home}/blob/main/${target}`;
  const url = `/${page.replace(/(^|\/)index$/, '$1')}`;
  return anchor === undefined ? url : `${url}#${anchor}`;
}
