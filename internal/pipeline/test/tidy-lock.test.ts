import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

// Checks that the lock file has the optional packages of all platforms. If the registry lacks one
// at the moment of an install, pnpm omits it without a message, and never queries it again. Then
// every run on that platform fails.

const text = readFileSync(resolve(import.meta.dirname, '../../../pnpm-lock.yaml'), 'utf8');

/** The entries of a section of the lock file: name and version, mapped to the lines below. */
function entriesOf(section: string): Map<string, string> {
  const [, own = ''] = new RegExp(`^${section}:\\n\\n((?: .*\\n|\\n)*)`, 'm').exec(text) ?? [];
  const found = own.matchAll(/^ {2}'?([^\s'].*?)'?:(?: \{\})?\n((?: {4}.*\n)*)/gm);
  return new Map([...found].map(([, name = '', lines = '']) => [name, lines]));
}

const packages = entriesOf('packages');
const listOf = (lines: string, key: string) =>
  new RegExp(`^ {4}${key}: \\[(.*)\\]$`, 'm').exec(lines)?.[1]?.split(', ') ?? [];

/** The platforms for which a package has a program. */
function platformsOf(lines: string): string[] {
  const [, own = ''] = /^ {4}optionalDependencies:\n((?: {6}.*\n)*)/m.exec(lines) ?? [];
  return [...own.matchAll(/^ {6}'?(.+?)'?: (.+)$/gm)].flatMap(([, name, version]) => {
    const described = packages.get(`${name}@${version}`) ?? '';
    const cpus = listOf(described, 'cpu');
    return listOf(described, 'os').flatMap((os) => cpus.map((cpu) => `${os} ${cpu}`));
  });
}

const ofPlatforms = [...entriesOf('snapshots')]
  .map(([name, lines]) => ({ name, platforms: platformsOf(lines) }))
  .filter(({ platforms }) => platforms.some((platform) => platform.startsWith('linux')));

test('packages with a program for each platform are found', () => {
  const names = ofPlatforms.map(({ name }) => name.replace(/(?<=.)@.*/, ''));
  expect(names).toEqual(expect.arrayContaining(['@biomejs/biome', 'koffi', 'turbo', 'typescript']));
});

test.each(ofPlatforms)('$name has a program for Windows and for macOS', ({ platforms }) => {
  const wanted = ['win32 x64', 'win32 arm64', 'darwin x64', 'darwin arm64'];
  expect(platforms).toEqual(expect.arrayContaining(wanted));
});
