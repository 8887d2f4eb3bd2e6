import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { allocate, nativeMemory, ntKernel } from 'ntdllx';
import { runTest, Stage1uAcceptUds } from 'poc-stage1u-uds';
import { hostProfile, inRelease } from 'test-kit';
import {
  clientAddressOf,
  type ListenerSkt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  temporaryUDSPath,
  type UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { afterEach, expect, test } from 'vitest';

/** A short limit for waits that must time out. Other waits have the stage's own limit. */
// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('B07 Windows Stage 1U is proven, or unsupported with the reason', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  console.log(`${verdict.verdict}: ${verdict.reason}`);
  const { isPresent } = hostProfile().afUnix;
  expect(verdict.verdict).toBe(isPresent ? 'proven' : 'unsupported');
  if (isPresent) {
    expect(verdict).toMatchObject({ reason: '' });
    expect(lines.join('\n')).toContain('the accepted connection sent: Tofu Engine');
  } else {
    expect(verdict.reason).toMatch(/^This host does not have AF_UNIX: WSASocketW failed with /);
    expect(verdict.checks).toEqual([]);
  }
});

/** The same proof over TCP, for hosts without AF_UNIX. It covers everything but the file. */
class OverTcp extends Stage1uAcceptUds {
  protected override createListener(): ListenerSkt {
    return new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
  }
  protected override clientAddress(listener: ListenerSkt): TCPClientAddress | UDSClientAddress {
    return clientAddressOf(listener.localEndpoint());
  }
  protected override noteFile(): void {}
  protected override judgeFile(): void {}
}

/** AF_INET of winsock2.h. */
const inet = 2;

/**
 * Simulates the AF_UNIX of Windows over TCP: bind creates a file. The test itself decides how the
 * file behaves.
 */
function unixOverTcp(path: string) {
  const bound = { port: 0 };
  const kernel: typeof ntKernel = {
    ...ntKernel,
    WSASocketW: (_family, ...rest) => ntKernel.WSASocketW(inet, ...rest),
    bind: (socket) => {
      writeFileSync(path, '', { flag: 'wx' });
      // struct sockaddr_in: its family, any port, 127.0.0.1.
      const name = allocate(16);
      name.fill(0);
      name.write(0, Uint8Array.of(inet, 0, 0, 0, 127, 0, 0, 1));
      const result = ntKernel.bind(socket, name.address, 16);
      const length = allocate(4);
      length.writeI32(0, 16);
      ntKernel.getsockname(socket, name.address, length.address);
      const [high = 0, low = 0] = name.read(2, 2);
      bound.port = high * 256 + low;
      for (const memory of [name, length]) memory.free();
      return result;
    },
  };
  return { kernel, bound };
}

class WithFile extends Stage1uAcceptUds {
  readonly seen: boolean[] = [];
  #bound = { port: 0 };
  protected override createListener(): ListenerSkt {
    this.path = temporaryUDSPath();
    const { kernel, bound } = unixOverTcp(this.path);
    this.#bound = bound;
    return createSocketCreator(kernel).fromAddress(new UDSServerAddress(this.path));
  }
  protected override clientAddress(_listener: ListenerSkt): TCPClientAddress {
    this.seen.push(existsSync(this.path));
    return new TCPClientAddress('127.0.0.1', this.#bound.port);
  }
  override close(): void {
    super.close();
    this.seen.push(existsSync(this.path));
  }
}

test('the steps of the proof hold with a file that the listener’s close removes', () => {
  const lines: string[] = [];
  const stage = new WithFile({ print: (line) => lines.push(line) });
  const verdict = stage.run();
  stage.close();
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(13);
  expect(stage.seen).toEqual([true, false]);
  expect(lines).toContain('      the path, while the listener is open: taken');
  expect(lines).toContain('   ok   the path, after the close: free');
});

inRelease(() => {
  test('broken on purpose: the stage fails if the file exists again after the close', () => {
    class Sticky extends WithFile {
      protected override judgeFile(): void {
        writeFileSync(this.path, '');
        super.judgeFile();
        unlinkSync(this.path);
      }
    }
    const stage = new Sticky({ print: () => {} });
    const reason = 'the path, after the close: expected free, saw taken';
    expect(stage.run()).toMatchObject({ verdict: 'failed', reason });
    stage.close();
  });

  test('a stage that fails while it listens leaves no file', () => {
    class Failing extends WithFile {
      protected override clientAddress(listener: ListenerSkt): TCPClientAddress {
        super.clientAddress(listener);
        throw new Error('on purpose');
      }
    }
    const stage = new Failing(quick);
    expect(stage.run().verdict).toBe('failed');
    stage.close();
    expect(stage.seen).toEqual([true, false]);
  });
});

test('the steps of the proof hold over TCP', () => {
  const stage = new OverTcp({ print: () => {} });
  const verdict = stage.run();
  stage.close();
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(12);
});

inRelease(() => {
  test('broken on purpose: the stage fails without a client', () => {
    class Elsewhere extends OverTcp {
      protected override clientAddress(): TCPClientAddress {
        return new TCPClientAddress('127.0.0.1', 1);
      }
    }
    const stage = new Elsewhere(quick);
    expect(stage.run()).toMatchObject({
      verdict: 'failed',
      reason: 'packets after the client connects: expected 1, saw 0',
    });
    stage.close();
  });
});

test('the verdict is failed, not unsupported, if the listener fails for another reason', () => {
  class Failing extends OverTcp {
    protected override createListener(): ListenerSkt {
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

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage1uAcceptUds(quick);
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
