// Checks the links of the built site: each leads to a page, a file or an anchor that exists.
// VitePress checks pages, but no anchors, and no links in HTML.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** The ids of a page. */
const idsOf = (html) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));

/** The dead links of a directory with a site, as text. */
export function deadLinks(site) {
  const files = readdirSync(site, { recursive: true }).map((file) =>
    String(file).replaceAll('\\', '/'),
  );
  const pages = files.filter((file) => file.endsWith('.html'));
  const texts = new Map(pages.map((file) => [file, readFileSync(join(site, file), 'utf8')]));
  const ids = new Map([...texts].map(([file, html]) => [file, idsOf(html)]));
  const dead = [];
  for (const [file, html] of texts) {
    for (const [, raw = ''] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      const link = raw.replaceAll('&amp;', '&');
      if (/^[a-z]+:/.test(link) || link === '') continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : posix.join('/', posix.dirname(file), path).slice(1);
      const absolute = path.startsWith('/') ? path.slice(1) : target;
      const found = [absolute, `${absolute}.html`, posix.join(absolute, 'index.html')].find(
        (each) => each !== '' && !each.endsWith('/') && files.includes(each) && /\.\w+$/.test(each),
      );
      if (found === undefined) dead.push(`${file}: ${link}`);
      else if (
        anchor &&
        found.endsWith('.html') &&
        !ids.get(found)?.has(decodeURIComponent(anchor))
      ) {
        dead.push(`${file}: ${link}: no such anchor`);
      }
    }
  }
  if (pages.length < 50) dead.push(`only ${pages.length} pages were found in ${site}`);
  return dead;
}

/** True if the site exists. */
export const isBuilt = (site) => existsSync(join(site, 'index.html'));
