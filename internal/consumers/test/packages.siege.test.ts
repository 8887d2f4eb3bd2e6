import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { root } from './examples.js';
import { importAll, nameAll, poll, requireAll } from './outside/programs.js';
import { managers, Project } from './outside/projects.js';
import {
  end,
  env,
  installTools,
  packTarballs,
  scratch,
  type Tarball,
  tool,
} from './outside/tools.js';

// The packages as npm has them, in projects of a user outside of this repository.

const host = describeHost();
const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const wanted = { '@types/node': devDependencies['@types/node'] };
const record = process.env['RECORD_TRANSCRIPTS'] !== undefined;

let tarballs: Tarball[] = [];
let entries: string[] = [];
beforeAll(() => {
  installTools();
  tarballs = packTarballs();
  entries = tarballs.flatMap((each) => each.entries);
}, 300_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

describe('the tarballs', () => {
  test('contain a build, types, README and LICENSE, and no sources, tests or scripts', () => {
    expect(tarballs).toHaveLength(8);
    for (const { name, files, manifest } of tarballs) {
      const expected = [
        'LICENSE',
        'README.md',
        'dist/index.js',
        'package.json',
        'types/index.d.ts',
      ];
      expect(files, name).toEqual(expect.arrayContaining(expected));
      const places =
        /^(bin|dist|types|observed|example)\/|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
      expect(
        files.filter((file) => !places.test(file)),
        name,
      ).toEqual([]);
      expect(
        files.filter((file) => /internal|\.d\.ts\.map$/.test(file)),
        name,
      ).toEqual([]);
      expect(manifest, name).not.toHaveProperty('scripts');
      expect(manifest, name).not.toHaveProperty('devDependencies');
    }
  });

  test('satisfy publint, strictly', () => {
    for (const { name, file } of tarballs) {
      const { status, stdout, stderr } = end(scratch, 'publint', 'run', file, '--strict');
      expect(status, `${name}:\n${stdout}${stderr}`).toBe(0);
      expect(stdout, name).toContain('All good!');
    }
  });

  test('satisfy are-the-types-wrong, for packages in ESM', () => {
    for (const { name, file } of tarballs) {
      const { status, stdout } = end(scratch, 'attw', file, '--profile', 'esm-only');
      expect(status, `${name}:\n${stdout}`).toBe(0);
    }
  });

  test('npm and Yarn are refused in a package of the workspace, by one line', () => {
    const directory = join(root, 'packages/nt-afd');
    const pack = end(
      directory,
      'npm',
      'pack',
      '--pack-destination',
      scratch,
      '--foreground-scripts',
    );
    expect(pack.status).not.toBe(0);
    expect(pack.stderr).toContain('npm cannot pack nt-afd. Use: pnpm --filter nt-afd pack\n');
    const publish = end(directory, 'npm', 'publish', '--dry-run', '--foreground-scripts');
    expect(publish.status).not.toBe(0);
    expect(publish.stderr).toMatch(/^nt-afd is published together .*pnpm release/m);
  });
});

const compilers = [
  ['5.4', () => tool('typescript/bin/tsc')],
  ['the newest', () => join(root, 'node_modules/typescript/bin/tsc')],
] as const;

/** Compiles a project in strict TypeScript, with its declarations. @returns the errors. */
function compile(project: Project, tsc: string, module: 'nodenext' | 'bundler'): string {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    ...(module === 'nodenext'
      ? { module: 'nodenext', moduleResolution: 'nodenext' }
      : { module: 'esnext', moduleResolution: 'bundler' }),
  };
  const name = `tsconfig.${module}.json`;
  project.write(name, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { status, stdout } = end(project.directory, process.execPath, tsc, '-p', name);
  return status === 0 ? '' : stdout;
}

describe.skipIf(reason !== '').each(Object.keys(managers) as (keyof typeof managers)[])(
  `a project of %s ${reason}`,
  (name) => {
    let project: Project;
    let session: Session;
    beforeAll(async () => {
      // Keeps one wineserver for the project's own winnode.
      session = await openSession({ env });
      project = new Project(name, tarballs, wanted);
      project.write('all.mjs', importAll(entries));
      project.write('all.cjs', requireAll(entries));
      project.write('poll.mjs', poll);
      project.write('names.ts', nameAll(entries));
    }, 300_000);
    afterAll(() => session.close());

    test('imports and requires all packages on the host', () => {
      expect(project.run('node', 'all.mjs')).toBe('empty: \n');
      expect(project.run('node', 'all.cjs')).toBe('empty:  one copy: true\n');
    });

    test.each(compilers)('compiles in strict TypeScript %s', (_version, tsc) => {
      expect(compile(project, tsc(), 'nodenext')).toBe('');
      expect(compile(project, tsc(), 'bundler')).toBe('');
    });

    test('runs: the first call says what is missing, and winnode makes it work', () => {
      project.noteInstall('ntdllx', 'tofu-sockets', 'afd-poller');
      const said = project.noteHost('poll.mjs');
      expect(said).toMatch(/^ERR_NT_HOST \w+ needs Windows NT, but this is linux\. /);
      for (const advice of ['npx winnode', 'pnpm exec winnode', 'yarn winnode']) {
        expect(said).toContain(advice);
      }
      expect(project.noteWindows('poll.mjs')).toBe('socket true\n');
      expect(project.exec('winnode', 'all.mjs')).toBe('empty: \n');
      const file = resolve(import.meta.dirname, '../transcripts', `${name}.txt`);
      if (record) writeFileSync(file, project.transcript);
      expect(project.transcript).toBe(readFileSync(file, 'utf8'));
    });

    test('the commands of the packages work', () => {
      expect(project.exec('winnode', '-p', 'process.platform')).toBe('win32\n');
      expect(project.exec('nt-findings', 'probe', 'F14')).toContain('F14');
    });
  },
);
