import { existsSync } from 'node:fs';
import { nativeMemory } from 'ntdllx';
import { runTest, Stage1uAcceptUds } from 'poc-stage1u-uds';
import { type Skt, SocketCreator, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

const quick = { print: () => {}, waitLimitMs: 700 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('B07 Windows Stage 1U: proven, or unsupported with the reason', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  console.log(`${verdict.verdict}: ${verdict.reason}`);
  expect(['proven', 'unsupported']).toContain(verdict.verdict);
  if (verdict.verdict === 'proven') {
    expect(verdict).toMatchObject({ reason: '' });
    expect(lines.join('\n')).toContain('the accepted connection says: Tofu Engine');
  } else {
    expect(verdict.reason).toMatch(/^This host does not have AF_UNIX\./);
    expect(verdict.checks).toEqual([]);
  }
});

/** The same proof over TCP, for hosts without AF_UNIX: everything but the file. */
class OverTcp extends Stage1uAcceptUds {
  protected override createListener(): Skt {
    return new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
  }
  protected override clientAddress(listener: Skt): TCPClientAddress {
    return new TCPClientAddress('127.0.0.1', listener.localEndpoint().port);
  }
  protected override removeFile(): void {
    expect(existsSync(this.path)).toBe(false);
  }
}

test('the steps of the proof hold over TCP', () => {
  const stage = new OverTcp(quick);
  const verdict = stage.run();
  stage.close();
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(12);
});

test('broken on purpose: nobody comes', () => {
  class Elsewhere extends OverTcp {
    protected override clientAddress(): TCPClientAddress {
      return new TCPClientAddress('127.0.0.1', 1);
    }
  }
  const stage = new Elsewhere(quick);
  expect(stage.run()).toMatchObject({
    verdict: 'failed',
    reason: 'packets when the client comes: expected 1, saw 0',
  });
  stage.close();
});

test('a listener that fails for another reason is a failure, not unsupported', () => {
  class Failing extends OverTcp {
    protected override createListener(): Skt {
      throw new Error('on purpose');
    }
  }
  const stage = new Failing(quick);
  expect(stage.run()).toMatchObject({
    verdict: 'failed',
    reason: 'error: expected none, saw on purpose',
  });
  stage.close();
});

test('closing before running, and twice', () => {
  const stage = new Stage1uAcceptUds(quick);
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
