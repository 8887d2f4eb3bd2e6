import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyBuilds, copyRepository, removeCopy, root } from '@tofu-nt/pipeline/copy-repository';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost } from 'winnode';

// Adds a stage as a developer does, from the command to the verdict, in a copy of the repository.

const numbers = readdirSync(join(root, 'packages')).map(
  (name) => /^poc-stage(\d+)/.exec(name)?.[1],
);
const next = Math.max(...numbers.map((number) => Number(number ?? 0))) + 1;
const names = {
  package: `poc-stage${next}-rehearsal`,
  file: `stage${next}-rehearsal`,
  class: `Stage${next}Rehearsal`,
};
const host = describeHost();
let place = '';

beforeAll(() => {
  place = copyRepository('next-stage');
  copyBuilds(place);
  node('.', 'scripts/new-stage.mjs', String(next), 'rehearsal');
}, 120_000);
afterAll(() => removeCopy(place));

/**
 * Runs a script of the copy with this Node, as from a terminal; returns its output and its exit
 * code.
 */
function tryNode(directory: string, script: string, ...args: string[]) {
  const { NODE_OPTIONS: _, TEST_BUILD: __, TEST_FILES: ___, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(place, script), ...args], {
    cwd: join(place, directory),
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  });
  return { status, said: `${stdout}${stderr}` };
}

/** As {@link tryNode}; a failed script fails the test with all its output. */
function node(directory: string, script: string, ...args: string[]): string {
  const { status, said } = tryNode(directory, script, ...args);
  expect(status, said).toBe(0);
  return said;
}

const own = `packages/${names.package}`;
const tsc = 'node_modules/typescript/bin/tsc';
const runTests = 'internal/pipeline/bin/run-tests.mjs';

function build(): void {
  node(own, tsc, '-p', 'tsconfig.build.json');
  node(own, tsc, '-p', 'tsconfig.json');
  node(own, 'internal/pipeline/bin/build-release.mjs');
}

function checkHouse(): void {
  const biome = node(
    '.',
    'node_modules/@biomejs/biome/bin/biome',
    'ci',
    '--error-on-warnings',
    '.',
  );
  expect(biome).toMatch(/Checked \d{3,} files/);
  // Counts the packages of the copy, not of the repository that contains it: the copy has one
  // more.
  const groups = ['packages', 'internal'].flatMap((group) => readdirSync(join(place, group)));
  const borders = node('.', 'node_modules/turbo/bin/turbo', 'boundaries');
  expect(borders).toContain(`files in ${groups.length} packages, no issues found`);
  expect(node('internal/pipeline', runTests, 'debug', 'tidy')).toMatch(/Tests +\d+ passed \(\d+\)/);
}

/** Builds and Wine are slow on a busy machine. */
const inTime = { timeout: 120_000 };

describe.sequential('the next stage', () => {
  test(
    'the new stage passes all checks of the repository before its proof is written',
    inTime,
    () => {
      checkHouse();
      build();
      node('internal/poc-ladder', tsc, '-p', 'tsconfig.build.json');
      const ladder = node('internal/poc-ladder', runTests, 'debug', 'ladder', '-t', 'in order');
      expect(ladder).toMatch(/Tests +1 passed/);
      expect(readFileSync(join(place, 'pnpm-lock.yaml'), 'utf8')).toContain(`\n  ${own}:\n`);
    },
  );

  test.skipIf(host.kind === 'none')(
    `the new stage fails in one test, with a message that says what to write ${host.reason}`,
    inTime,
    () => {
      const { status, said } = tryNode(own, runTests, 'debug');
      expect(status, said).toBe(1);
      expect(said).toMatch(/Tests +1 failed \(1\)/);
      const todo = `arm a poll and cause its event: ${names.class}.prove, PLAN.md`;
      expect(said).toContain(`"reason": "packets on the port (${todo}): expected 1, saw 0"`);
    },
  );

  test.skipIf(host.kind === 'none')(
    `the stage is proven after the marks of the example are removed, and fails when broken ${host.reason}`,
    inTime,
    () => {
      const stage = join(place, own, 'src', `${names.file}.ts`);
      const text = readFileSync(stage, 'utf8');
      const filledIn = text
        .replace(/^ *\/\/ >>> not yet\n.*?^ *\/\/ <<< not yet\n/gms, '')
        .replace(/\/\/> ?/g, '');
      expect(filledIn.length).toBeGreaterThan(0.8 * text.length);
      writeFileSync(stage, filledIn);
      writeFileSync(join(place, own, 'test/broken.win.test.ts'), brokenTest);
      node('.', 'node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.');
      build();
      checkHouse();
      for (const each of ['debug', 'release']) {
        expect(node(own, runTests, each), each).toMatch(/Tests +3 passed \(3\)/);
      }
    },
  );
});

/** The next step of the plan: a stage that is broken on purpose fails, for the expected reason. */
const brokenTest = `import { nativeMemory } from 'ntdllx';
import { ${names.class} } from '${names.package}';
import { expect, test } from 'vitest';

const quick = { print: () => {}, waitLimitMs: 3_000 };

function failure(stage: ${names.class}): string {
  try {
    return stage.run().reason;
  } finally {
    stage.close();
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  }
}

test('broken on purpose: no cause', () => {
  class Silent extends ${names.class} {
    protected override cause(): void {}
  }
  expect(failure(new Silent(quick))).toBe('packets after it: expected 1, saw 0');
});

test('broken on purpose: a mask without the event', () => {
  class Deaf extends ${names.class} {
    protected override arm(...[socket]: Parameters<${names.class}['arm']>) {
      return super.arm(socket, 0);
    }
  }
  expect(failure(new Deaf(quick))).toBe('packets after it: expected 1, saw 0');
});
`;
