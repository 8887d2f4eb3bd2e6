import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';

const main = createRequire(import.meta.url).resolve('poc-ladder/main');
const host = describeHost();
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ladder-report-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs the ladder in its own working directory. */
function ladder(...args: string[]) {
  const build = `--build=${process.env['TEST_BUILD']}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, build, ...args], {
    encoding: 'utf8',
    cwd: directory,
  });
  return { stdout, stderr, status };
}

describe.skipIf(host.kind === 'none')(`a run ${host.reason}`, () => {
  // All tests share one wineserver, so that each starts quickly.
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  const page = () => join(directory, 'report', 'index.html');

  test('the ladder writes a page from its own traces, and prints its path', () => {
    const { stdout, status } = ladder('--stage=1-event', '--stage=1-iocp');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nReport: .+index\.html\n$/);
    const html = readFileSync(page(), 'utf8');
    expect(html).toContain('Every recorded cell equals the plan.');
    // All cells of both columns agree with the calls of this run.
    expect(html.match(/<td class="kept">/g)).toHaveLength(24 + 35);
    expect(html).not.toContain('differs:');
    expect(html).toMatch(/the packet of #\d+: STATUS_SUCCESS, socket#1: ACCEPT/);
    expect(html).toMatch(/FINDINGS\.md#f03-[a-z0-9-]+">F03<\/a>/);
    expect(html).toContain(`<dt>Windows Node</dt><dd>${host.windowsNode}</dd>`);
  });

  test('with --json the path is on standard error, and the verdict contains no trace', () => {
    const { stdout, stderr } = ladder('--stage=0-wake', '--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).not.toHaveProperty('trace');
    expect(stderr).toMatch(/\nReport: .+index\.html\n$/);
  });
});
