import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { publishedManifest, publishedPackages, publishedReadme } from '@tofu-nt/release';
import { describe, expect, test } from 'vitest';

// Tests of the manifest and the README that each package has on npm.

const root = resolve(import.meta.dirname, '../../..');
const home = 'https://example.com/owner/name';
const all = publishedPackages(root);

test('eight packages are published, each after its dependencies', () => {
  const names = all.map(({ name }) => name);
  expect([...names].sort()).toEqual([
    'afd-poller',
    'nt-afd',
    'nt-findings',
    'nt-trace',
    'ntdllx',
    'tofu-reactor',
    'tofu-sockets',
    'winnode',
  ]);
  for (const [at, { manifest }] of all.entries()) {
    for (const needed of Object.keys({
      ...manifest['dependencies'],
      ...manifest['peerDependencies'],
    })) {
      if (names.includes(needed)) expect(names.indexOf(needed), needed).toBeLessThan(at);
    }
  }
});

describe.each(all)('$name', (published) => {
  const { name, path, manifest } = published;
  const shown = publishedManifest(published, all, home);

  test('the manifest has the repository, the address for issues, a description and keywords', () => {
    expect(shown).toMatchObject({
      repository: { type: 'git', url: `git+${home}.git`, directory: path },
      homepage: `${home}/tree/main/${path}#readme`,
      bugs: { url: `${home}/issues` },
      license: 'MIT',
      engines: { node: '>=20.19.0' },
      publishConfig: { access: 'public', provenance: true },
    });
    expect(shown['keywords'].length).toBeGreaterThan(4);
    expect(shown['description']).toMatch(/^[^\n]{30,110}$/);
    expect(shown['sideEffects']).toBeDefined();
  });

  test('without a public address the manifest has no links', () => {
    const { repository, homepage, bugs } = publishedManifest(published, all, '');
    expect([repository, homepage, bugs]).toEqual([undefined, undefined, undefined]);
  });

  test('the manifest exports one build and its types, and not the subpath internal', () => {
    expect(Object.keys(shown['exports'])).not.toContain('./internal');
    for (const [subpath, target] of Object.entries(shown['exports'])) {
      if (subpath === './package.json') continue;
      expect(target).toEqual({
        types: expect.stringMatching(/^\.\/types\/[\w/-]+\.d\.ts$/),
        default: expect.stringMatching(/^\.\/dist\/[\w/-]+\.js$/),
      });
    }
    expect(Object.keys(shown)).not.toEqual(expect.arrayContaining(['scripts']));
    expect(Object.keys(shown)).not.toEqual(expect.arrayContaining(['devDependencies']));
  });

  test('dependencies have ranges of versions; ntdllx and tofu-sockets are peer dependencies', () => {
    const { dependencies = {}, peerDependencies = {} } = shown;
    const ranges = Object.values({ ...dependencies, ...peerDependencies });
    for (const range of ranges) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
    const needed = ['ntdllx', 'tofu-sockets'].filter((each) => each in dependencies);
    expect(needed).toEqual([]);
    const workspace = all.filter((each) => each.name in peerDependencies);
    for (const each of workspace) {
      expect(peerDependencies[each.name]).toBe(`^${each.manifest['version']}`);
    }
    expect(manifest['scripts']).toMatchObject({
      prepack: 'stage-package',
      prepublishOnly: 'refuse-publish',
    });
  });

  test.each([
    ['with a public home', home],
    ['without one', ''],
  ])('the README has no relative link, %s', (_when, at) => {
    const text = readFileSync(join(root, path, 'README.md'), 'utf8');
    const links = [...publishedReadme(text, published, all, at, root).matchAll(/\]\(([^)\s]+)\)/g)];
    for (const [, target = ''] of links) {
      expect(target).toMatch(/^https:\/\/|^#/);
      if (at === '' || !target.startsWith(at)) continue;
      const [file = ''] = target.slice(`${at}/blob/main/`.length).split('#');
      expect(existsSync(join(root, file)), target).toBe(true);
    }
    expect(text).toContain(name);
  });
});

test('no published source imports the subpath internal of another package', () => {
  for (const { directory } of all) {
    const files = readdirSync(join(directory, 'src'), { recursive: true }).map(String);
    for (const file of files.filter((each) => /\.c?ts$/.test(each))) {
      const text = readFileSync(join(directory, 'src', file), 'utf8');
      expect(/from '[\w-]+\/internal'/.exec(text)?.[0], file).toBeUndefined();
    }
  }
});

test('links to other packages lead to npm; other links lead to the repository or become text', () => {
  const published = all.find(({ name }) => name === 'afd-poller');
  if (published === undefined) throw new Error('afd-poller is not published');
  const text = [
    '[nt-afd](../nt-afd), [`D12`](../../kb/decisions/D12-the-engine.md#x), [site](https://x.org),',
    '[below](#below), ![a drawing](README.md)',
    '```js\nconst [a](../no-link) = 1;\n```',
  ].join('\n');
  const shown = (at: string) => publishedReadme(text, published, all, at, root).split('\n');
  const common = ['```js', 'const [a](../no-link) = 1;', '```'];
  expect(shown(home)).toEqual([
    `[nt-afd](https://www.npmjs.com/package/nt-afd), [\`D12\`](${home}/blob/main/kb/decisions/D12-the-engine.md#x), [site](https://x.org),`,
    `[below](#below), ![a drawing](${home}/raw/main/packages/afd-poller/README.md)`,
    ...common,
  ]);
  expect(shown('')).toEqual([
    '[nt-afd](https://www.npmjs.com/package/nt-afd), `D12`, [site](https://x.org),',
    '[below](#below), ',
    ...common,
  ]);
  expect(() => publishedReadme('[x](no-such.md)', published, all, home, root)).toThrow(
    'README of afd-poller links to no-such.md',
  );
});
