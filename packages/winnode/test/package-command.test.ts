import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { toWindowsPath } from 'winnode';
import { withPackageCommand } from 'winnode/internal';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode commands ')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function file(path: string, text = ''): string {
  const whole = join(scratch, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

/** Installs a package with commands. @returns the package's directory. */
function install(modules: string, name: string, bin: string | Record<string, string>): string {
  const manifest = file(join(modules, name, 'package.json'), JSON.stringify({ name, bin }));
  for (const script of typeof bin === 'string' ? [bin] : Object.values(bin)) {
    file(join(modules, name, script));
  }
  return dirname(manifest);
}

const project = join(scratch, 'project');
const below = join(project, 'src');
mkdirSync(below, { recursive: true });
const single = install('project/node_modules', '@scope/single', './main.js');
const several = install('project/node_modules', 'several', { one: 'bin/one.mjs', two: 'two.js' });
const upper = install('node_modules', 'upper', { upper: 'upper.js', one: 'other.js' });
const viaNpx = install('npx/node_modules', 'fetched', 'cli.js');
install('project/node_modules', 'broken', 'gone.js');
rmSync(join(scratch, 'project/node_modules/broken/gone.js'));
file('project/node_modules/no-manifest/index.js');
file('project/local.js');
const env = { PATH: ['/usr/bin', join(scratch, 'npx', 'node_modules', '.bin')].join(delimiter) };
const run = (args: readonly string[], directory = below) =>
  withPackageCommand(args, directory, env);

test.each([
  ['single', single, 'main.js'],
  ['two', several, 'two.js'],
  ['one', several, 'bin/one.mjs'],
  ['upper', upper, 'upper.js'],
  ['fetched', viaNpx, 'cli.js'],
])('winnode replaces the command %s by the script of its package', (name, directory, script) => {
  const path = toWindowsPath(join(directory, script));
  expect(run([name, '--flag', 'a b'])).toEqual([path, '--flag', 'a b']);
});

test.each([['-p'], ['script.js'], ['./single'], ['unknown'], ['broken'], ['no-manifest'], ['']])(
  'winnode does not change %j',
  (...args) => {
    expect(run(args)).toEqual(args);
  },
);

test('winnode does not change an empty list, a name after an option, and the name of a file', () => {
  expect(run([])).toEqual([]);
  expect(run(['-p', 'single'])).toEqual(['-p', 'single']);
  install('project/node_modules', 'local', 'cli.js');
  expect(run(['local'], project)).toEqual(['local']);
});

test.skipIf(process.platform === 'win32')(
  'of two packages winnode takes the one that npm linked',
  () => {
    const linked = install('linked/node_modules', 'second', { same: 'second.js' });
    install('linked/node_modules', 'same', 'first.js');
    mkdirSync(join(scratch, 'linked/node_modules/.bin'));
    symlinkSync('../second/second.js', join(scratch, 'linked/node_modules/.bin/same'));
    const path = toWindowsPath(join(linked, 'second.js'));
    expect(run(['same'], join(scratch, 'linked'))).toEqual([path]);
  },
);
