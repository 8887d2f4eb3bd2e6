import { WsaError } from 'ntdllx';
import { ReadSide } from 'tofu-reactor/internal';
import { type StreamSkt, type WouldBlock, wouldBlock } from 'tofu-sockets';
import { describe, expect, test } from 'vitest';

// What a receive of 0 means. The moments after a reset are too short to meet them in a test with a
// real kernel, so this socket returns what was measured there.

/** A receive's result, or the error that it throws. */
type Received = number | WouldBlock | WsaError;

/** WSAECONNRESET. */
const reset = new WsaError('recv', 10054);

/** A socket that returns these results in turn. @param hasPeer false: getpeername fails */
function scripted(results: readonly Received[], hasPeer: boolean): StreamSkt {
  const left = [...results];
  return {
    recv() {
      const result = left.shift();
      if (result === undefined) throw new Error('one receive too many');
      if (result instanceof WsaError) throw result;
      return result;
    },
    peerEndpoint() {
      if (!hasPeer) throw new WsaError('getpeername', 10057);
      return { host: '127.0.0.1', port: 1 };
    },
  } as unknown as StreamSkt;
}

describe('X01 a receive of 0', () => {
  const into = new Uint8Array(8);
  const receive = (results: readonly Received[], hasPeer: boolean, isEndConfirmed = false) => {
    const readSide = new ReadSide();
    readSide.isEndConfirmed = isEndConfirmed;
    return { readSide, call: () => readSide.receive(scripted(results, hasPeer), into) };
  };

  test('is the end if the socket has a peer and the next receive returns 0, too', () => {
    const { readSide, call } = receive([0, 0], true);
    expect(call()).toBe(0);
    expect(readSide.isEnded).toBe(true);
    expect(call()).toBe(0);
  });

  test('is the end after the poller has reported the end; it makes no other call', () => {
    const { readSide, call } = receive([0], false, true);
    expect(call()).toBe(0);
    expect(readSide.isEnded).toBe(true);
  });

  test('is not the end if the socket has no peer (a reset under Wine 8)', () => {
    const { readSide, call } = receive([0], false);
    expect(call()).toBe(wouldBlock);
    expect(readSide.isEnded).toBe(false);
  });

  test('is a reset if the next receive fails (a reset during the receive under Wine 10)', () => {
    const { readSide, call } = receive([0, reset], true);
    expect(call).toThrowError(reset);
    expect(readSide.isEnded).toBe(false);
  });
});
