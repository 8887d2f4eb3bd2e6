import { allocate, type NativeMemory, ntKernel } from 'ntdllx';
import {
  SIO_BASE_HANDLE,
  SIO_BSP_HANDLE,
  SIO_BSP_HANDLE_POLL,
  SIO_BSP_HANDLE_SELECT,
  SOCKET_ERROR,
  WSAENOTSOCK,
  WSAEOPNOTSUPP,
} from 'ntdllx/ws2_32';
import { type Skt, SocketCreator, TCPServerAddress } from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { afterEach, describe, expect, test } from 'vitest';

// No host here has a layered provider, so one is put in front of the real Winsock: it answers the
// question for the base handle as it likes, and passes everything else on.

type Answer = (socket: bigint) => bigint | number;

let open: Skt | undefined;
const blocks = new Map<number, NativeMemory>();

afterEach(() => {
  open?.close();
  open = undefined;
  blocks.clear();
});

function layered(answers: ReadonlyMap<number, Answer>) {
  const asked: number[] = [];
  let failure: number | undefined;
  const kernel: typeof ntKernel = {
    ...ntKernel,
    allocate: (byteLength) => {
      const block = allocate(byteLength);
      blocks.set(block.address, block);
      return block;
    },
    WSAIoctl: (socket, code, _in, _inBytes, out) => {
      asked.push(code);
      const answer = answers.get(code)?.(BigInt(socket)) ?? WSAEOPNOTSUPP;
      failure = typeof answer === 'number' ? answer : undefined;
      if (typeof answer === 'number') return SOCKET_ERROR;
      blocks.get(out)?.writeU64(0, answer);
      return 0;
    },
    WSAGetLastError: () => failure ?? ntKernel.WSAGetLastError(),
  };
  open = new SocketCreator(kernel).fromAddress(new TCPServerAddress());
  return { skt: open, asked, kernel };
}

/** The base of 500 is 600; that of any other socket is hidden. */
const below: Answer = (socket) => (socket === 500n ? 600n : WSAEOPNOTSUPP);

describe('the base handle behind a layered provider', () => {
  test('is asked for through the socket of select', () => {
    const { skt, asked } = layered(
      new Map([
        [SIO_BASE_HANDLE, below],
        [SIO_BSP_HANDLE_SELECT, () => 500n],
      ]),
    );
    expect(skt.baseHandle()).toBe(600);
    expect(asked).toEqual([SIO_BASE_HANDLE, SIO_BSP_HANDLE_SELECT, SIO_BASE_HANDLE]);
  });

  test('then through that of poll, then of anything; a socket that names itself is no step', () => {
    for (const code of [SIO_BSP_HANDLE_POLL, SIO_BSP_HANDLE]) {
      const { skt } = layered(
        new Map<number, Answer>([
          [SIO_BASE_HANDLE, below],
          [SIO_BSP_HANDLE_SELECT, (socket) => socket],
          [code, () => 500n],
        ]),
      );
      expect(skt.baseHandle()).toBe(600);
      skt.close();
    }
  });

  test('that is hidden at every step ends in the first error, after seven questions at most', () => {
    const { skt, asked, kernel } = layered(
      new Map<number, Answer>([
        [SIO_BSP_HANDLE_SELECT, () => 700n],
        [SIO_BSP_HANDLE_POLL, () => 701n],
        [SIO_BSP_HANDLE, () => 702n],
      ]),
    );
    expect(() => skt.baseHandle()).toThrowError(
      expect.objectContaining({ call: 'WSAIoctl(SIO_BASE_HANDLE)', wsaName: 'WSAEOPNOTSUPP' }),
    );
    expect(asked.length).toBe(7);
    skt.close();
    expect(winsockUsers(kernel)).toBe(0);
  });

  test('of what is no socket is not searched for', () => {
    const { skt, asked } = layered(new Map([[SIO_BASE_HANDLE, () => WSAENOTSOCK]]));
    expect(() => skt.baseHandle()).toThrowError(
      expect.objectContaining({ wsaName: 'WSAENOTSOCK' }),
    );
    expect(asked).toEqual([SIO_BASE_HANDLE]);
  });
});
