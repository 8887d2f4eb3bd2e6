import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

// Checks of the repository as text, for rules that no compiler and no linter checks.

const root = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** All files that git tracks or would add. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

const manifests: Manifest[] = ['packages', 'internal'].flatMap((group) =>
  readdirSync(join(root, group)).map((name) => JSON.parse(read(`${group}/${name}/package.json`))),
);
const names = new Set(manifests.map(({ name }) => name));

/** The packages that every stage may import. */
const stageParts = ['ntdllx', 'tofu-sockets', 'nt-trace', 'poc-kit'];

/**
 * The packages that each package may import. A package must be listed here, except a stage that
 * needs only {@link stageParts}.
 */
const mayImport: Record<string, readonly string[]> = {
  ntdllx: [],
  'test-kit': [],
  'nt-afd': ['ntdllx', 'sim-nt'],
  // Its tests poll with nt-afd, and check the rules about files on sim-nt.
  'tofu-sockets': ['ntdllx', 'nt-afd', 'sim-nt'],
  // On hosts other than Windows its command starts Windows Node with winnode.
  'nt-findings': ['ntdllx', 'nt-afd', 'tofu-sockets', 'winnode'],
  'afd-poller': ['ntdllx', 'nt-afd', 'tofu-sockets', 'sim-nt'],
  // The tests of its command start it with winnode.
  'tofu-reactor': [
    'ntdllx',
    'nt-afd',
    'tofu-sockets',
    'afd-poller',
    'sim-nt',
    'nt-trace',
    'winnode',
  ],
  winnode: [],
  'nt-trace': ['ntdllx'],
  // A variant over AF_UNIX extends the class of the TCP stage.
  'poc-stage1u-event': [...stageParts, 'poc-stage1-event'],
  'poc-stage2u-echo': [...stageParts, 'poc-stage2-echo'],
  'poc-stage3-stress': [...stageParts, 'afd-poller'],
  'poc-stage3u-stress': [...stageParts, 'poc-stage3-stress', 'afd-poller', 'sim-nt'],
  'poc-stage5-reactor': [...stageParts, 'afd-poller', 'tofu-reactor'],
  'poc-kit': ['ntdllx', 'tofu-sockets', 'nt-trace'],
  'poc-ladder': [...names].filter((name) => /^(poc-.+|winnode|@tofu-nt\/report)$/.test(name)),
  '@tofu-nt/report': ['ntdllx', 'nt-trace', 'poc-kit', 'winnode', '@tofu-nt/bench'],
  'sim-nt': ['ntdllx'],
  '@tofu-nt/contract': ['ntdllx', 'nt-afd', 'tofu-sockets', 'sim-nt'],
  '@tofu-nt/consumers': [...names],
  '@tofu-nt/libraries': ['tofu-sockets', 'tofu-reactor', 'winnode'],
  '@tofu-nt/mutants': ['afd-poller', 'sim-nt'],
  '@tofu-nt/pipeline': ['winnode'],
  'new-stage': ['@tofu-nt/pipeline', 'winnode'],
  '@tofu-nt/siege': ['@tofu-nt/pipeline'],
  '@tofu-nt/release': ['@tofu-nt/pipeline'],
  'nt-repl': ['ntdllx', 'nt-afd', 'tofu-sockets', 'afd-poller', 'nt-trace', 'winnode'],
  '@tofu-nt/bench': [
    'ntdllx',
    'tofu-sockets',
    'afd-poller',
    'tofu-reactor',
    'sim-nt',
    'poc-kit',
    'winnode',
  ],
};

test.each(manifests)('$name depends only on the packages in mayImport', (manifest) => {
  const { name } = manifest;
  const allowed = mayImport[name] ?? (name.startsWith('poc-stage') ? stageParts : undefined);
  expect(allowed, `${name} in mayImport`).toBeDefined();
  const used = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  // The tests of every package may use test-kit, which depends on nothing here.
  const workspace = used.filter((dependency) => names.has(dependency) && dependency !== 'test-kit');
  expect(allowed).toEqual(expect.arrayContaining(workspace));
});

test('dependencies between packages have no circle, development dependencies included', () => {
  const uses = new Map(
    manifests.map(({ name, dependencies, devDependencies }) => {
      const used = Object.keys({ ...dependencies, ...devDependencies });
      return [name, used.filter((each) => names.has(each))] as const;
    }),
  );
  const isDone = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    expect(path, [...path, name].join(' → ')).not.toContain(name);
    if (isDone.has(name)) return;
    for (const next of uses.get(name) ?? []) visit(next, [...path, name]);
    isDone.add(name);
  };
  for (const name of uses.keys()) visit(name, []);
});

/** The packages that may open AFD, create a port or submit a poll. All others use nt-afd. */
const asksNtItself = /^packages\/(nt-afd|poc-.+)\/|^internal\/poc-kit\//;
/** Files that test or intercept these calls, and files that bind or simulate them. */
const mayNameThem =
  /^packages\/(ntdllx|nt-trace|afd-poller)\/test\/|^internal\/(sim-nt|bench)\/src\/|^internal\/(repl|contract|report|test-kit)\//;

test('only nt-afd, the stages and poc-kit open AFD, create ports and submit polls', () => {
  const calls = /\b(NtCreateIoCompletion|NtDeviceIoControlFile|NtCreateFile)\(/;
  for (const file of files.filter((name) => /^(packages|internal)\/.*\.(ts|mjs)$/.test(name))) {
    if (asksNtItself.test(file) || mayNameThem.test(file)) continue;
    const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*|(['"`])(?:\\.|(?!\1)[^\\])*\1/g, '');
    expect(calls.exec(code)?.[0], file).toBeUndefined();
  }
});

/**
 * The declaration of a name in a declaration file: up to the closing brace, or to the semicolon.
 */
function declarationOf(name: string, text: string): string {
  const start = new RegExp(
    `^export (?:declare )?(?:class|function|const|interface|type) ${name}\\b`,
    'm',
  );
  const rest = text.slice(text.search(start));
  return /^[^\n]*;\n|^[\s\S]*?^\}/m.exec(rest)?.[0] ?? '';
}

test.each(['tofu-sockets', 'afd-poller'])(
  'the public types of %s expose no internals for tests',
  (name) => {
    const types = join('packages', name, 'dist/debug');
    const exported = read(join(types, 'index.d.ts')).matchAll(/\{([^}]+)\} from '\.\/(.+)\.js'/g);
    for (const [, names = '', file] of exported) {
      for (const each of names.split(',').map((part) => part.trim().replace(/^type /, ''))) {
        if (each === '') continue;
        const declaration = declarationOf(each, read(join(types, `${file}.d.ts`)));
        expect(declaration, each).not.toBe('');
        // A poller checks the kernel of each socket.
        const code = declaration.replace(/\/\*[\s\S]*?\*\/|\bisOn\(kernel: Kernel\)/g, '');
        expect(
          /\b(Kernel|Registration|now|verify)\b|@internal/.exec(code)?.[0],
          each,
        ).toBeUndefined();
      }
    }
  },
);

test('only ntdllx depends on koffi', () => {
  const users = manifests.filter(({ dependencies }) => dependencies?.['koffi'] !== undefined);
  expect(users.map(({ name }) => name)).toEqual(['ntdllx']);
});

test('foreign packages are pinned to one version', () => {
  for (const { name, dependencies, devDependencies, optionalDependencies } of manifests) {
    for (const [dependency, version] of Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })) {
      expect(version, `${dependency} of ${name}`).toMatch(
        /^(\d+\.\d+\.\d+|workspace:[*^]|catalog:)$/,
      );
    }
  }
});

test('no task in turbo.json depends on the task of a named package, apart from the known exceptions', () => {
  const { tasks } = JSON.parse(read('turbo.json')) as {
    tasks: Record<string, { dependsOn?: string[] }>;
  };
  for (const [task, { dependsOn = [] }] of Object.entries(tasks)) {
    const listed = dependsOn.filter((name) => name.includes('#') && !name.startsWith('//'));
    // winnode starts the tests of all packages. One of its own tests crashes a program in ntdllx.
    const isKnown = (name: string) => /^(winnode|ntdllx)#build:/.test(name);
    expect(
      listed.filter((name) => !isKnown(name)),
      task,
    ).toEqual([]);
  }
});

/**
 * Packages whose behaviour depends on the build: those with assertions, filled memory or layouts,
 * and those that use them.
 */
const testedInBoth =
  /^(ntdllx|tofu-sockets|afd-poller|sim-nt|@tofu-nt\/contract|nt-afd|tofu-reactor|poc-stage.+)$/;

test('packages whose behaviour depends on the build are tested in both builds, others in release', () => {
  for (const { name, scripts = {} } of manifests) {
    // The simulated kernel is tested by the contract.
    if (scripts['build:release'] === undefined || name === 'sim-nt') continue;
    expect(Object.keys(scripts), name).toEqual(
      expect.arrayContaining(['build:debug', 'test:release']),
    );
    expect(scripts['test:debug'] !== undefined, `${name} is tested in debug`).toBe(
      testedInBoth.test(name),
    );
  }
});

test('tests never import sources, and no package imports another package by path', () => {
  for (const file of files.filter((name) => /^(packages|internal)\/.*\.(ts|cts|mjs)$/.test(name))) {
    const own = file.split('/').slice(0, 2).join('/');
    for (const [, specifier = ''] of read(file).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      const target = join(dirname(file), specifier);
      expect(target.startsWith(`${own}/`), `${file} imports ${specifier}`).toBe(true);
      const isTest = file.startsWith(`${own}/test/`) && own !== 'internal/pipeline';
      if (isTest) expect(target, file).not.toContain(`${own}/src/`);
    }
  }
});

/** Duplicates are runs of this many equal lines of code. */
const longestCopy = 10;

test('no run of ten lines of code occurs in two packages', () => {
  const sources = files.filter(
    (name) =>
      /^(packages|internal)\/[^/]+\/(src|bin)\/.*\.(ts|cts|mjs)$/.test(name) &&
      !/\/poc-/.test(name),
  );
  const seen = new Map<string, string>();
  for (const file of sources) {
    const code = read(file)
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/^(import|export) [^=]*? from '[^']*';$/gm, '');
    const lines = code.split('\n').flatMap((line) => line.replace(/\/\/.*/, '').trim() || []);
    const owner = file.split('/').slice(0, 2).join('/');
    for (let at = 0; at + longestCopy <= lines.length; at += 1) {
      const run = lines.slice(at, at + longestCopy).join('\n');
      const first = seen.get(run) ?? owner;
      expect(first, `${file} repeats:\n${run}`).toBe(owner);
      seen.set(run, owner);
    }
  }
});

test('no file is longer than 400 lines', () => {
  for (const file of files.filter((name) => /\.(ts|cts|mjs)$/.test(name))) {
    expect(read(file).split('\n').length, file).toBeLessThanOrEqual(400);
  }
});

test('links between documents have targets', () => {
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    for (const [, target = ''] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      // The build of the site checks links to its generated pages.
      if (/^[a-z]+:|^\//.test(target)) continue;
      const found = path === '' ? file : join(dirname(file), path);
      expect(existsSync(join(root, found)), `${file} links to ${target}`).toBe(true);
      if (anchor === undefined || !found.endsWith('.md')) continue;
      const headings = [...read(found).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      );
      expect(headings, `${file} links to ${target}`).toContain(anchor);
    }
  }
});

test('the programs in consumers are exactly those that the documentation shows', () => {
  const pages = files.filter((name) => /^docs\/.*\.md$/.test(name)).map(read);
  const shown = pages.flatMap((page) =>
    [...page.matchAll(/^<<< @\/\.\.\/([^#{\s]+)/gm)].map(([, file = '']) => file),
  );
  expect(shown.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const programs = files.filter((name) => name.startsWith('internal/consumers/programs/'));
  expect(programs.length).toBeGreaterThan(3);
  expect(programs.filter((file) => !shown.includes(file))).toEqual([]);
});

test('the index of kb lists every page of kb', () => {
  const index = read('kb/README.md');
  for (const file of files.filter((name) => /^kb\/.+\.md$/.test(name))) {
    if (file === 'kb/README.md') continue;
    expect(index, 'kb/README.md').toContain(`(${file.slice('kb/'.length)})`);
  }
});

test('every finding has a test, and every test cites an existing finding', () => {
  // The page is generated from the probes; a test of nt-findings checks that.
  const numbers = [...read('kb/FINDINGS.md').matchAll(/^## (F\d{2}) /gm)].map(([, id]) => id);
  expect(numbers.length).toBeGreaterThan(20);
  const cited = new Set<string>();
  for (const file of files.filter((name) => /\/test\/.*\.test\.ts$/.test(name))) {
    for (const [, number = ''] of read(file).matchAll(
      /(?:test|describe)[^'"`\n]*['"`](F\d{2})\b/g,
    )) {
      cited.add(number);
    }
  }
  expect([...cited].sort()).toEqual([...numbers].sort());
});

test('every case that a test names is in kb/CASES, and every case in kb/CASES has a test', () => {
  const listed = [...read('kb/CASES.md').matchAll(/^\| ([A-Z]\d{2}) \|/gm)].map(
    ([, id = '']) => id,
  );
  const cited = new Set<string>();
  for (const file of files.filter((name) => /\/test\/.*\.ts$/.test(name))) {
    for (const [, name = ''] of read(file).matchAll(
      /(?:test|describe|onIP|onUnix)[^'"`\n]*(?:\n\s*)?['"`](.*)/g,
    )) {
      for (const [id] of name.matchAll(/\b[A-EG-Z]\d{2}\b/g)) cited.add(id);
    }
  }
  expect([...cited].sort()).toEqual([...listed].sort());
});
