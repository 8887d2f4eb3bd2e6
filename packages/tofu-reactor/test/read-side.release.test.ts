import { WsaError } from 'ntdllx';
import { ReadSide } from 'tofu-reactor/internal';
import { type StreamSkt, type TransferFlags, type WouldBlock, wouldBlock } from 'tofu-sockets';
import { describe, expect, test } from 'vitest';

// What a receive of 0 means. The moments after a reset are too short to meet them in a test with a
// real kernel, so this socket returns what was measured there.

/** A receive's result, or the error that it throws. */
type Received = number | WouldBlock | WsaError;

const reset = new WsaError('recv', 10054);
const tcp = { host: '127.0.0.1', port: 1 };

/** A receive of 8 bytes on a socket that returns these results in turn, and the calls so far. */
function receiving(results: readonly Received[], peer: object | undefined, isEndConfirmed = false) {
  const left = [...results];
  const calls: string[] = [];
  const skt = {
    recv(into: Uint8Array, { peek = false }: TransferFlags = {}) {
      calls.push(`${peek ? 'peek' : 'recv'} ${into.byteLength}`);
      const result = left.shift();
      if (result === undefined) throw new Error('one receive too many');
      if (result instanceof WsaError) throw result;
      return result;
    },
    peerEndpoint() {
      calls.push('peer');
      if (peer === undefined) throw new WsaError('getpeername', 10057);
      return peer;
    },
  } as unknown as StreamSkt;
  const readSide = new ReadSide();
  readSide.isEndConfirmed = isEndConfirmed;
  return { readSide, calls, receive: () => readSide.receive(skt, new Uint8Array(8)) };
}

describe('X01 a receive of 0', () => {
  test('is the end if the socket has a peer and a second receive returns 0, too', () => {
    const { readSide, calls, receive } = receiving([0, 0], tcp);
    expect(receive()).toBe(0);
    expect(readSide.isEnded).toBe(true);
    expect(receive()).toBe(0);
    expect(calls).toEqual(['recv 8', 'peer', 'peek 1']);
  });

  test('is the end at once after the poller has reported the end', () => {
    const { readSide, calls, receive } = receiving([0], undefined, true);
    expect(receive()).toBe(0);
    expect(readSide.isEnded).toBe(true);
    expect(calls).toEqual(['recv 8']);
  });

  test.each([
    ['the socket has no peer (a reset under Wine 8)', undefined],
    ['the socket is one of AF_UNIX', { path: 'C:\\a.sock' }],
  ])('is not yet the end if %s', (_, peer) => {
    const { readSide, calls, receive } = receiving([0], peer);
    expect(receive()).toBe(wouldBlock);
    expect(readSide.isEnded).toBe(false);
    expect(calls).toEqual(['recv 8', 'peer']);
  });

  test.each<Received>([wouldBlock, 1])(
    'is not yet the end if a second receive returns %s',
    (second) => {
      const { readSide, receive } = receiving([0, second], tcp);
      expect(receive()).toBe(wouldBlock);
      expect(readSide.isEnded).toBe(false);
    },
  );

  test('is a reset if a second receive fails (a reset during the first one under Wine 10)', () => {
    const { readSide, receive } = receiving([0, reset], tcp);
    expect(receive).toThrowError(reset);
    expect(readSide.isEnded).toBe(false);
  });
});
