import type { ChildProcess } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { publishedPackages } from '@tofu-nt/release';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { examples, root } from './examples.js';
import { importAll, nameAll, poll, requireAll, twoCopies, vitestFile } from './outside/programs.js';
import { managers, Project } from './outside/projects.js';
import { runInTurn, type Smoke, smokeTests } from './outside/smoke.js';
import {
  end,
  env,
  installTools,
  packTarballs,
  scratch,
  type Tarball,
  tool,
} from './outside/tools.js';
import { echo, freePort } from './tcp.js';

// Installs the packages as on npm in projects outside of this repository.

const host = describeHost();
const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { dependencies } = JSON.parse(
  readFileSync(join(root, 'internal/pipeline/package.json'), 'utf8'),
);
const testTools = { vite: dependencies.vite, vitest: '4.1.12' };
const wanted = { '@types/node': devDependencies['@types/node'] };
/** The programs of the READMEs of the eight packages. */
const published = publishedPackages(root).map(({ path }) => `${path}/README.md`);
const ownExamples = examples.filter(({ page }) => published.includes(page));
const isServer = (code: string) => /TCPServerAddress\('127.0.0.1', 7099\)|port: 7099 \}/.test(code);

/**
 * Each bundler makes one file of a program. koffi needs no option, because no bundler detects its
 * import.
 */
const bundlers = {
  esbuild: async (source: string, outfile: string) => {
    const options = { bundle: true, platform: 'node', format: 'esm' } as const;
    await build({ ...options, entryPoints: [source], outfile, external: ['koffi'] });
  },
  rolldown: async (source: string, file: string) => {
    const bundle = await rolldown({ input: source, external: ['koffi'], platform: 'node' });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    await bundle.close();
  },
} as const;

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
  test('the tarballs contain a build, types, README and LICENSE, and no sources, tests or scripts', () => {
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

  test('publint in strict mode finds no problem', () => {
    for (const { name, file } of tarballs) {
      const { status, stdout, stderr } = end(scratch, 'publint', 'run', file, '--strict');
      expect(status, `${name}:\n${stdout}${stderr}`).toBe(0);
      expect(stdout, name).toContain('All good!');
    }
  });

  test('are-the-types-wrong finds no problem for ESM packages', () => {
    for (const { name, file } of tarballs) {
      const { status, stdout } = end(scratch, 'attw', file, '--profile', 'esm-only');
      expect(status, `${name}:\n${stdout}`).toBe(0);
    }
  });

  test('npm pack and npm publish in a package of the workspace are rejected with one message', () => {
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

const newestTsc = join(root, 'node_modules/typescript/bin/tsc');
const compilers = [
  ['5.4', () => tool('typescript/bin/tsc')],
  ['the newest', () => newestTsc],
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
      project = new Project(name, tarballs, name === 'npm' ? { ...wanted, ...testTools } : wanted);
      if (name === 'npm') for (const { file, code } of ownExamples) project.write(file, code);
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

    test('on Linux the first call throws and names winnode; with winnode the program runs', () => {
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

    describe.runIf(name === 'npm')('the smoke test', () => {
      const names = publishedPackages(root).map((each) => each.name);
      const output: Record<string, string> = {};
      beforeAll(() => {
        const files = { host: {}, windows: {} } as Record<string, Record<string, string>>;
        for (const each of names) {
          const { runsIn, code } = smokeTests[each] as Smoke;
          files[runsIn] = { ...files[runsIn], [each]: `./smoke-${each}.mjs` };
          project.write(`smoke-${each}.mjs`, code);
        }
        for (const [place, own] of Object.entries(files)) {
          project.write(`smoke-${place}.mjs`, runInTurn(own));
        }
        const printed = project
          .run('node', 'smoke-host.mjs')
          .concat(project.exec('winnode', 'smoke-windows.mjs').replaceAll('\r', ''));
        for (const part of printed.split(/^# /m).slice(1)) {
          output[part.split(' ')[0] as string] = part;
        }
      });

      test.each(names)('the unpacked build of %s does what its README promises', (each) => {
        const [first = '', ...rest] = output[each]?.split('\n') ?? [];
        const file = join(project.directory, `node_modules/${each}/dist/index.js`);
        expect(decodeURI(first)).toContain(file);
        expect(rest.join('\n')).toBe(smokeTests[each]?.prints);
      });
    });

    test('the commands of the packages work', () => {
      expect(project.exec('winnode', '-p', 'process.platform')).toBe('win32\n');
      expect(project.exec('nt-findings', 'probe', 'F14')).toContain('F14');
    });

    test('bundles of esbuild and rolldown work once koffi is a dependency of the project', async () => {
      const bundles: string[] = [];
      for (const [bundler, bundle] of Object.entries(bundlers)) {
        const file = join(project.directory, 'bundles', `${bundler}.mjs`);
        await bundle(join(project.directory, 'poll.mjs'), file);
        bundles.push(file);
      }
      // Only pnpm hides the dependencies of dependencies from a project.
      if (name === 'pnpm') {
        const said = project.exec('winnode', bundles[0] as string);
        expect(said).toMatch(/^ERR_KOFFI .*ntdllx is in a bundle.*pnpm add koffi/);
        project.run('pnpm', 'add', '--prefer-offline', 'koffi@3.3.4');
      }
      for (const file of bundles) expect(project.exec('winnode', file)).toBe('socket true\n');
    });

    test.runIf(name === 'npm')('vitest runs on the host and through winnode', () => {
      project.write('nt.test.mjs', vitestFile);
      const args = ['node_modules/vitest/vitest.mjs', 'run', 'nt.test.mjs'];
      expect(project.run('node', ...args)).toMatch(/1 passed \| 1 skipped/);
      expect(project.exec('winnode', ...args)).toMatch(/1 passed \| 1 skipped/);
    });

    test.runIf(name === 'npm')('a socket of a second copy of tofu-sockets is polled', () => {
      const modules = join(project.directory, 'node_modules');
      const copy = join(modules, 'afd-poller/node_modules/tofu-sockets');
      cpSync(join(modules, 'tofu-sockets'), copy, { recursive: true, filter: () => true });
      project.write('two.mjs', twoCopies);
      expect(project.exec('winnode', 'two.mjs').trim()).toBe('socket socket');
      rmSync(join(modules, 'afd-poller/node_modules'), { recursive: true });
    });

    describe.runIf(name === 'npm')('the example', () => {
      beforeAll(() => {
        // Node cannot run all of their syntax.
        const output = { rootDir: '.', outDir: 'out', types: ['node'] };
        const options = { module: 'nodenext', target: 'es2022', ...output };
        const compilerOptions = { ...options, lib: ['es2023', 'esnext.disposable'] };
        const include = ['README-*.ts', 'packages-*.ts'];
        project.write('tsconfig.out.json', JSON.stringify({ compilerOptions, include }));
        project.run(process.execPath, newestTsc, '-p', 'tsconfig.out.json');
        for (const script of ['script.js', 'a.js', 'b.js']) project.write(script, '');
        project.write('hangs.js', 'setInterval(() => {}, 1_000);');
      });

      test.each(ownExamples)('$name runs', async ({ file, code }) => {
        const script = `out/${file.replace(/ts$/, 'js')}`;
        if (isServer(code)) {
          const port = await freePort();
          const built = readFileSync(join(project.directory, script), 'utf8');
          const server = project.write(`server-${file}.mjs`, built.replace('7099', `${port}`));
          let child: ChildProcess | undefined;
          const done = session.run([server], {
            cwd: project.directory,
            stdio: ['ignore', 'ignore', 'inherit'],
            onSpawn: (started) => (child = started),
          });
          // A program that ended early is not a server.
          const answer = await Promise.race([echo(port, Buffer.from('hello')), done]);
          child?.kill('SIGKILL');
          await done;
          expect(String(answer)).toBe('hello');
        } else if (/from 'winnode'/.test(code)) {
          project.run('node', script);
        } else if (/UDSServerAddress|\.sock'/.test(code) && !hostProfile().afUnix.isPresent) {
          const command = managers[name].exec.concat('winnode', script);
          const { status, stderr } = end(project.directory, ...(command as [string, string]));
          expect([status, stderr]).toEqual([1, expect.stringContaining('ERR_SKT_UNSUPPORTED')]);
        } else {
          project.exec('winnode', script);
        }
      });
    });
  },
);
