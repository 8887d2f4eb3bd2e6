// Makes the changelog of all packages: the sections of each release by changesets, and the notes
// for the next release.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { published, root } from './packages.mjs';

const read = (...path) => readFileSync(join(root, ...path), 'utf8');

/** The notes for the next release, each with its packages. */
function waiting() {
  const names = readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md'));
  return names
    .filter((name) => name !== 'README.md')
    .map((name) => {
      const [, head = '', body = ''] =
        /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(read('.changeset', name)) ?? [];
      const packages = [...head.matchAll(/^'?"?([^'":]+)'?"?:/gm)].map(([, each]) => each);
      return { packages, body: body.trim().replace(/\s*\n\s*/g, ' ') };
    })
    .filter(({ packages }) => packages.some((each) => published.includes(each)));
}

/** The page as Markdown. */
export function changelog() {
  const notes = waiting().map(({ packages, body }) => `- **${packages.join(', ')}**: ${body}`);
  const released = published
    .filter((name) => existsSync(join(root, 'packages', name, 'CHANGELOG.md')))
    .map((name) => read('packages', name, 'CHANGELOG.md').replace(/^#/gm, '##').trim());
  return [
    '# Changelog',
    'The [stability policy](./stability.md) says what a version number means.',
    ...(notes.length === 0 ? [] : ['## Next release', notes.sort().join('\n')]),
    ...(released.length === 0 ? ['Nothing was released yet.'] : released),
  ].join('\n\n');
}
