import { nativeMemory } from 'ntdllx';
import { runTest, Stage2uEcho } from 'poc-stage2u-echo';
import { failedChecks, hostProfile } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

const { afUnix } = hostProfile();

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('Windows Stage 2U is proven, or unsupported with the reason', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  console.log(`${verdict.verdict}: ${verdict.reason}`);
  expect(verdict.verdict).toBe(afUnix.isPresent ? 'proven' : 'unsupported');
  if (afUnix.isPresent) {
    expect(lines.join('\n')).toContain('the client received: Tofu Engine');
  } else {
    expect(verdict.reason).toMatch(/^This host does not have AF_UNIX: WSASocketW failed with /);
    expect(verdict.checks).toEqual([]);
  }
});

test.skipIf(!afUnix.isPresent)(
  `broken on purpose: the stage fails without a client ${afUnix.reason}`,
  () => {
    class NoClient extends Stage2uEcho {
      protected override startClient(): void {}
    }
    const [first] = failedChecks(new NoClient({ print: () => {}, waitLimitMs: 300 }));
    expect(first).toBe('connections accepted: 0');
  },
);

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage2uEcho({ print: () => {} });
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
