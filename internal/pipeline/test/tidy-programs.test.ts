import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// A program that a page labels js is saved as .mjs and run by node, so it must be JavaScript.

const root = resolve(import.meta.dirname, '../../..');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => /^(?:docs|packages)\//.test(page) && existsSync(join(root, page)));

/** The programs of a page that it labels js: its code blocks, and the files that it includes. */
function programsOf(page: string): { name: string; code: string }[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```m?js\n([\s\S]*?)^```$/gm)];
  const included = [...text.matchAll(/^<<< @\/\.\.\/([^{\s]+)\{js\}$/gm)];
  return [
    ...blocks.map(([, code = ''], at) => ({ name: `${page}, block ${at + 1}`, code })),
    ...included.map(([, file = '']) => ({
      name: `${page}: ${file}`,
      code: readFileSync(join(root, file), 'utf8'),
    })),
  ];
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'programs-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What Node says of the syntax of an ES module; empty if it is JavaScript. */
function syntaxError(code: string): string {
  const file = join(directory, 'program.mjs');
  writeFileSync(file, code);
  const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

const programs = pages.flatMap(programsOf);

test('pages include programs, and have blocks of their own', () => {
  expect(programs.filter(({ name }) => name.includes(': ')).length).toBeGreaterThan(5);
  expect(programs.filter(({ name }) => name.includes(', block')).length).toBeGreaterThan(5);
});

test.each(programs)('$name is JavaScript', ({ code }) => {
  expect(syntaxError(code)).toBe('');
});

test.each([
  "import { type Connection, Reactor } from 'tofu-reactor';",
  'const clients = new Set<Connection>();\nclients.clear();',
  'function serve(connection: Connection) {}',
])('TypeScript is rejected: %s', (code) => {
  expect(syntaxError(code)).toContain('SyntaxError');
});
