import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
const readmes = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  'docs/how/run-the-stages.md',
].filter((page) => existsSync(join(root, page)));

/** The programs of a page: its code blocks that contain an import. */
function examplesOf(page: string): string[] {
  const blocks = textOf(page).matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, code = '']) => code).filter((code) => code.includes('import '));
}

/** Modules whose doc comments have examples. */
const sources = readdirSync(join(root, 'packages')).flatMap((name) =>
  readdirSync(join(root, 'packages', name, 'src'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `packages/${name}/src/${file}`),
);

/** The text of a file; of a module only its doc comments, without the stars. */
function textOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return file.endsWith('.md') ? text : text.replace(/^ *\* ?/gm, '');
}

/** All programs of the pages and of the doc comments, each with a file name. */
export const examples = [...readmes, ...sources].flatMap((page) =>
  examplesOf(page).map((code, index) => ({
    name: `${page} ${index + 1}`,
    page,
    file: `${page.replace(/[^a-z0-9]+/gi, '-')}-${index + 1}.ts`,
    code,
  })),
);
