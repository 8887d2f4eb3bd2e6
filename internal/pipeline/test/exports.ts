import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runScript } from 'test-kit';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

/** All names under which a package with two builds exports something. */
const entries = ['packages', 'internal'].flatMap((group) =>
  readdirSync(join(root, group)).flatMap((directory) => {
    const manifest = join(root, group, directory, 'package.json');
    if (!existsSync(manifest)) return [];
    const { name, exports, scripts } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (scripts?.['build:debug'] === undefined) return [];
    return Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => ({ entry: `${name}${path.slice(1)}`, manifest }));
  }),
);

const isProgram = (entry: string) => entry.endsWith('/main');

let hasStarted = false;

/** The first program is a process, to check its exit code; the others run in this process. */
async function failing(file: string) {
  if (hasStarted) {
    // What a program throws while it is loaded ends its process with exit code 1.
    return await runScript(file, ['--bogus']).catch(({ message }) => ({
      stderr: message as string,
      status: 1,
    }));
  }
  hasStarted = true;
  return spawnSync(process.execPath, [file, '--bogus'], { encoding: 'utf8' });
}

/** Most packages are tested only in release. This checks that their debug build loads. */
export function importEveryExport({ isWithPrograms }: { isWithPrograms: boolean }): void {
  const chosen = entries.filter(({ entry }) => isWithPrograms || !isProgram(entry));
  test.each(chosen)('$entry loads in debug', async ({ entry, manifest }) => {
    const file = createRequire(manifest).resolve(entry);
    expect(file.replaceAll('\\', '/')).toContain('/dist/debug/');
    if (!isProgram(entry)) {
      expect(Object.keys(await import(pathToFileURL(file).href))).not.toEqual([]);
      return;
    }
    // A program runs as soon as it is imported: this one fails at its arguments.
    const { stderr, status } = await failing(file);
    expect(stderr).toContain('--bogus');
    expect(status).toBeGreaterThan(0);
  });
}
