import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
const readmes = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
].filter((page) => existsSync(join(root, page)));

/** The programs of a page: its code blocks that contain an import. */
function examplesOf(page: string): string[] {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(
    /^```(?:js|ts)\n([\s\S]*?)^```$/gm,
  );
  return [...blocks].map(([, code = '']) => code).filter((code) => code.includes('import '));
}

/** All programs of the READMEs, each with a file name. */
export const examples = readmes.flatMap((page) =>
  examplesOf(page).map((code, index) => ({
    name: `${page} ${index + 1}`,
    file: `${page.replace(/[^a-z0-9]+/gi, '-')}-${index + 1}.ts`,
    code,
  })),
);
