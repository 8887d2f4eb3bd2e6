import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beginGate, recordGate, refusal, stagePackage } from '@tofu-nt/release';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// A small repository with one package, whose build is written by hand.

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'release-'));
  const exports = {
    '.': { types: './dist/debug/index.d.ts', default: './dist/release/index.js' },
    './internal': { types: './dist/debug/internal.d.ts', default: './dist/release/internal.js' },
    './package.json': './package.json',
  };
  const publishConfig = { directory: '.work/package' };
  const more = { files: ['bin', 'dist'], exports, publishConfig };
  write('packages/small/package.json', { name: 'small', version: '1.0.0', ...more });
  write('packages/small/README.md', '# small\n\n[a decision](../../kb/D01.md)\n');
  write('packages/small/bin/small.mjs', 'import "small";\n');
  write('kb/D01.md', '# D01\n');
  write('LICENSE', 'MIT\n');
  write('package.json', { private: true, repository: 'https://example.com/owner/name' });
  write('.gitignore', 'dist/\n.work/\n.test-results/\n');
  write('.changeset/config.json', {});
  for (const name of ['index', 'internal']) writeBuilt(name, `export const ${name} = 1;\n`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(root, path), text);
}

function writeBuilt(name: string, source: string): void {
  const place = 'packages/small';
  const map = { sources: [`../../src/${name}.ts`], sourcesContent: [source] };
  write(`${place}/src/${name}.ts`, source);
  for (const build of ['debug', 'release']) {
    const imports = name === 'index' ? "import './shared.js';\n" : '';
    write(`${place}/dist/${build}/${name}.js`, `${imports}${source}`);
    write(`${place}/dist/${build}/${name}.js.map`, map);
  }
  write(`${place}/dist/release/shared.js`, '// shared\n');
  write(`${place}/dist/debug/${name}.d.ts`, `${source}//# sourceMappingURL=${name}.d.ts.map\n`);
}

const git = (...args: string[]) => {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
  const { status, stderr } = spawnSync('git', [...author, ...args], { cwd: root });
  expect(status, `${stderr}`).toBe(0);
};

describe('a staged package', () => {
  test('a staged package has its build, its types, README, LICENSE and changelog, and no other files', () => {
    const place = stagePackage(root, 'small');
    expect(readdirSync(place, { recursive: true }).map(String).sort()).toEqual([
      'LICENSE',
      'README.md',
      'bin',
      join('bin', 'small.mjs'),
      'dist',
      join('dist', 'index.js'),
      join('dist', 'index.js.map'),
      join('dist', 'shared.js'),
      'package.json',
      'types',
      join('types', 'index.d.ts'),
    ]);
    const read = (file: string) => readFileSync(join(place, file), 'utf8');
    expect(read('README.md')).toContain('(https://example.com/owner/name/blob/main/kb/D01.md)');
    expect(read('types/index.d.ts')).toBe('export const index = 1;\n');
    expect(JSON.parse(read('dist/index.js.map')).sources).toEqual(['../src/index.ts']);
  });

  test('a package without a build is rejected', () => {
    rmSync(join(root, 'packages/small/dist/release'), { recursive: true });
    expect(() => stagePackage(root, 'small')).toThrow(
      /^small is not built: .*dist\/release\/index\.js is missing\. Build it: npm run setup$/,
    );
  });

  test('a package is rejected after a source was changed, added or removed', () => {
    write('packages/small/src/index.ts', 'export const index = 2;\n');
    const source = join('src', 'index.ts');
    const problem = `small was not built after ${source} had changed. Build it: npm run setup`;
    expect(() => stagePackage(root, 'small')).toThrow(problem);
    rmSync(join(root, 'packages/small', source));
    expect(() => stagePackage(root, 'small')).toThrow(
      `small was not built after ${source} was removed. Build it: npm run setup`,
    );
    writeBuilt('index', 'export const index = 2;\n');
    stagePackage(root, 'small');
    write('packages/small/src/more.ts', 'export {};\n');
    expect(() => stagePackage(root, 'small')).toThrow('src/more.ts is not in dist/debug');
  });

  test('a file that the compiler left of a removed source is not packed, and no reason to refuse', () => {
    writeBuilt('old', 'export const old = 1;\n');
    rmSync(join(root, 'packages/small/src/old.ts'));
    rmSync(join(root, 'packages/small/dist/release/old.js'));
    rmSync(join(root, 'packages/small/dist/release/old.js.map'));
    const place = stagePackage(root, 'small');
    const files = readdirSync(place, { recursive: true }).map(String);
    expect(files.filter((file) => file.includes('old'))).toEqual([]);
    write('packages/small/dist/debug/index.d.ts', "export * from './old.js';\n");
    expect(() => stagePackage(root, 'small')).toThrow(
      `small was not built after ${join('src', 'old.ts')} was removed.`,
    );
  });
});

describe('the scripts of a package', () => {
  const run = (script: string, agent: string) => {
    const file = resolve(import.meta.dirname, '../bin', script);
    const env = { ...process.env, npm_config_user_agent: agent };
    const cwd = join(root, 'packages/small');
    return spawnSync(process.execPath, [file], { cwd, env, encoding: 'utf8' });
  };

  test.each([
    ['npm/11.5.1 node/v22', 'npm cannot pack small. Use: pnpm --filter small pack\n'],
    ['yarn/1.22.22 npm/?', 'yarn cannot pack small. Use: pnpm --filter small pack\n'],
  ])('prepack rejects %s with one line', (agent, line) => {
    expect(run('stage-package.mjs', agent)).toMatchObject({ status: 1, stderr: line });
  });

  test('prepack stages the package for pnpm, and rejects a package without a build with one line', () => {
    expect(run('stage-package.mjs', 'pnpm/12.0.0 npm/?')).toMatchObject({ status: 0, stderr: '' });
    rmSync(join(root, 'packages/small/dist'), { recursive: true });
    const { status, stderr } = run('stage-package.mjs', 'pnpm/12.0.0 npm/?');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^small is not built: [^\n]*\n$/);
  });

  test('prepublishOnly rejects every tool with one line', () => {
    const { status, stderr } = run('refuse-publish.mjs', 'pnpm/12.0.0 npm/?');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^small is published together [^\n]*pnpm release[^\n]*\n$/);
  });
});

describe('a release', () => {
  beforeEach(() => {
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'one');
  });
  const pass = (isGreen = true) => recordGate(root, beginGate(root), isGreen);

  test('a release is possible on a commit without local changes that is built and passed npm test', () => {
    pass();
    expect(refusal(root, { isDry: false })).toBeUndefined();
    expect(refusal(root, { isDry: true })).toBeUndefined();
  });

  test.each([
    ['local changes', () => write('kb/D02.md', 'new'), /^There are 1 local changes, such as/],
    [
      'a missing build',
      () => rmSync(join(root, 'packages/small/dist'), { recursive: true }),
      /^small is not built: .* Run: npm test$/,
    ],
    ['a failed npm test', () => pass(false), /^npm test failed on commit \w{8}\. Run/],
    ['no run of npm test', () => beginGate(root), /^npm test did not run/],
    [
      'a run of npm test on another commit',
      () => git('commit', '--allow-empty', '-m', 'two'),
      /npm test ran on commit \w{8}, not on/,
    ],
  ])('a release and a dry run are rejected with %s', (_what, spoil, reason) => {
    pass();
    spoil();
    for (const isDry of [true, false]) {
      const said = refusal(root, { isDry });
      expect(said).toMatch(reason);
      expect(said).not.toContain('\n');
    }
  });

  test('a release is rejected without a public address or with unreleased changesets; a dry run is not', () => {
    write('.changeset/new.md', '---\n---\n');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'two');
    pass();
    expect(refusal(root, { isDry: false })).toMatch(
      /^There are 1 unreleased changesets\. Run: pnpm changeset/,
    );
    expect(refusal(root, { isDry: true })).toBeUndefined();
    write('package.json', { private: true, repository: '' });
    git('commit', '--quiet', '--all', '-m', 'three');
    pass();
    expect(refusal(root, { isDry: false })).toMatch(/^The repository has no public address\. Set/);
    expect(refusal(root, { isDry: true })).toBeUndefined();
  });

  test('npm test with local changes, or during a commit, is not recorded as passed', () => {
    const before = beginGate(root);
    git('commit', '--quiet', '--allow-empty', '-m', 'two');
    recordGate(root, before, true);
    expect(refusal(root, { isDry: true })).toMatch(/npm test did not run/);
    write('kb/D02.md', 'new');
    pass();
    rmSync(join(root, 'kb/D02.md'));
    expect(refusal(root, { isDry: true })).toMatch(/npm test did not run/);
  });
});
