import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isConfirmed, probeFindings } from 'winnode';
import { host } from './cli.js';
import { findingsProject, madeUpFindings } from './findings-project.js';
import { verdicts } from './findings-read.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixIn,
  programsOf,
  removeCache,
  serverOf,
} from './prefixes.js';

// What real clocks judge.

const scratch = mkdtempSync(join(tmpdir(), 'winnode findings '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const project = (name: string, text?: string) => findingsProject(scratch, name, text);

describe.skipIf(host.kind === 'none')(`winnode doctor --probe ${host.reason}`, () => {
  test('one that hangs loses its row, and the next one is looked at', {
    timeout: 60_000,
  }, async () => {
    const bodies = {
      F01: 'yield ok; setInterval(() => {}, 1_000); await new Promise(() => {});',
      F02: 'yield ok;',
    };
    const cwd = project('hanging', madeUpFindings(bodies));
    const report = await probeFindings({ cwd, limitMs: 10_000 });
    expect(report.findings).toMatchObject([
      { verdict: 'no answer', detail: 'nothing within 10 s, after "first"', facts: [{}] },
      { verdict: 'holds' },
    ]);
    expect(isConfirmed(report)).toBe(false);
  });
});

test.skipIf(host.kind !== 'wine')(
  'one under which the wineserver dies loses its row, and the next one has a new wineserver',
  { timeout: 120_000 },
  async () => {
    // In a prefix of its own, whose wineserver nobody else uses.
    const cache = makeCache();
    try {
      const prefix = prefixIn(cache);
      await copyPrefix(prefix);
      const hang = 'yield ok; await new Promise((done) => setTimeout(done, 60_000));';
      const bodies = { F01: 'yield ok;', F02: hang, F03: 'yield ok;' };
      // While F02 is loaded: one that runs already waits for ever. Ended before F02 has found its
      // wineserver, it starts another one, which is ended as well.
      let isOver = false;
      const endServers = async () => {
        while (!isOver) {
          const server = programsOf(cache).length > 0 ? serverOf(prefix) : undefined;
          if (server !== undefined) process.kill(server, 'SIGKILL');
          await new Promise((done) => setTimeout(done, 10));
        }
      };
      let ending: Promise<void> | undefined;
      const report = await probeFindings({
        cwd: project('server dies', madeUpFindings(bodies)),
        env: cacheEnvironment(cache),
        onFinding: ({ id }) => {
          if (id === 'F01') ending = endServers();
          isOver ||= id === 'F02';
        },
      });
      await ending;
      expect(verdicts(report)).toEqual({ F01: 'holds', F02: 'crashed', F03: 'holds' });
      expect(isConfirmed(report)).toBe(false);
    } finally {
      removeCache(cache);
    }
  },
);
