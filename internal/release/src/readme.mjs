// A README as npm shows it: npm has none of the repository's other files.
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileAddress, rawAddress } from './home.mjs';

const npmAddress = (name) => `https://www.npmjs.com/package/${name}`;

/**
 * Makes the relative links of a page absolute. A link to another published package leads to its
 * page at npm; any other link leads into the repository, or, while the repository has no public
 * home, becomes plain text.
 *
 * @param {string} text
 * @param {import('./published.mjs').Published} published the package of the page.
 * @param {import('./published.mjs').Published[]} all
 * @param {string} home see `readHome`. @param {string} root of the repository.
 * @throws if a link leads to no file.
 */
export function publishedReadme(text, { path, name }, all, home, root) {
  const link = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\((?![a-z]+:|#)([^)\s]+)\)/g;
  return outsideOfCode(text, (part) =>
    part.replace(link, (_whole, mark, shown, target) => {
      const [file = '', anchor] = target.split('#');
      const place = posix.join(path, file).replace(/\/$/, '');
      if (!existsSync(join(root, place))) throw new Error(`README of ${name} links to ${target}`);
      const other = all.find((each) => each.path === place || `${each.path}/README.md` === place);
      const suffix = anchor === undefined ? '' : `#${anchor}`;
      if (other !== undefined && mark === '') {
        return `[${shown}](${npmAddress(other.name)}${suffix})`;
      }
      if (home === '') return mark === '' ? shown : '';
      const address = mark === '' ? fileAddress(home, place) : rawAddress(home, place);
      return `${mark}[${shown}](${address}${suffix})`;
    }),
  );
}

/** Applies a function to the text between blocks of code. */
function outsideOfCode(text, change) {
  const parts = text.split(/(^```[\s\S]*?^```$)/m);
  return parts.map((part, index) => (index % 2 === 0 ? change(part) : part)).join('');
}
