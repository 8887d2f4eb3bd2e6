import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

// Names that an engineer with knowledge of epoll, mio or NT would have to look up. The field has a
// noun for each: strategy, queue, sink, deliver, report, unknown, carry-over, delete-pending,
// fixture.

const root = resolve(import.meta.dirname, '../../..');
const own = 'internal/pipeline/test/tidy-names.test.ts';
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^(?:(?:packages|internal)\/[^/]+|scripts)\/.*\.[cm]?[jt]s$/.test(file))
  .filter((file) => file !== own && existsSync(join(root, file)));

const refused =
  'PollWay|makeWay|WayName|GroupWay|SingleRequestWay|HelperHandles|pollsPerHelper|Teller|[tT]old|' +
  'isResting|isSilent|muted|overdue|leaving|predecessor|isSuspect|stillWanted|wantsTold|strays|' +
  'nobodySays|lookAt|KeptNumbers|onStage|AcceptScene|EventScene|Scene|[cC]ontestants?|' +
  '[rR]ungs?|isClimbed|Luck|LaneSetup|laneFor|traceInLane|dropLane|RequestFate|fates?|amiss|' +
  'tell\\w*';
// The pattern also applies to comments, titles and messages.
const pattern = new RegExp(String.raw`\b(?:${refused})\b`);
/** The rejected name in a line; undefined if the line has none. */
const refusedIn = (line: string) => pattern.exec(line)?.[0];

test('no source and no test uses a rejected name', () => {
  expect(files.length).toBeGreaterThan(500);
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const name = refusedIn(line);
        return name === undefined ? [] : [`${file}:${index + 1}: ${name}`];
      }),
  );
  expect(found).toEqual([]);
});

test.each([
  ['  tell(record: TraceRecord): void {', 'tell'],
  ['  #tellClosed() {', 'tellClosed'],
  ['    let told = 0;', 'told'],
  ['export class Scene {', 'Scene'],
  ['const { muted, count } = this;', 'muted'],
  ['/** Who is told of the end. */', 'told'],
])('refused: %s', (line, name) => {
  expect(refusedIn(line)).toBe(name);
});

test.each(['const intelligence = 1;', "import { Fixture } from './fixture.js';", 'scenes(onTell)'])(
  'accepted: %s',
  (line) => {
    expect(refusedIn(line)).toBeUndefined();
  },
);
