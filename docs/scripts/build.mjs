// Builds the site: the reference from the doc comments, copies of pages of the repository, tables
// and drawings from traces and figures, and then the pages. The result is in .vitepress/dist.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vitepress';
import { makeReference } from './api.mjs';
import { changelog } from './changelog.mjs';
import { deadLinks } from './check-links.mjs';
import { clonePart } from './clone.mjs';
import { copyPages } from './copies.mjs';
import { root } from './packages.mjs';
import { speedFigures } from './speed.mjs';
import { stageParts } from './stages.mjs';

const docs = join(root, 'docs');
const parts = join(docs, '.generated');

rmSync(parts, { recursive: true, force: true });
mkdirSync(parts, { recursive: true });
const modules = await makeReference();
const copied = copyPages();
for (const [name, text] of Object.entries(await stageParts())) {
  writeFileSync(join(parts, `${name}.md`), text);
}
writeFileSync(join(parts, 'speed.md'), speedFigures());
writeFileSync(join(parts, 'clone.md'), clonePart());
writeFileSync(join(docs, 'changelog.md'), changelog());
await build(docs);
const dead = deadLinks(join(docs, '.vitepress', 'dist'));
if (dead.length > 0) throw new Error(`Links of the site have no target:\n${dead.join('\n')}`);
console.log(
  `The site is in docs/.vitepress/dist: ${modules.length} modules, ${copied.length} copied pages.`,
);
