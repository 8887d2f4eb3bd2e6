import {
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
  NtClose,
  ntStatusName,
  STATUS_SUCCESS,
} from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { UDPAddress } from 'tofu-sockets';
import { afterEach, describe, expect, test } from 'vitest';
import { type Polled, type PollOptions, RawPoller } from './raw-poll.js';
import { closeAll, connectPair, creator, isWine, keep, pause } from './sockets.js';

// Polls that should not have been made, and handles that went away under them. This file is a
// process of its own: what is written to freed memory here breaks no other test.

afterEach(closeAll);

describe('F19 N12 a poll that is wrong', () => {
  const refused: [string, (own: { event: number; port: number }) => Polled, PollOptions, RegExp][] =
    [
      ['an event', ({ event }) => event, {}, /^STATUS_(OBJECT_TYPE_MISMATCH|INVALID_HANDLE)$/],
      ['a port', ({ port }) => port, {}, /^STATUS_(OBJECT_TYPE_MISMATCH|INVALID_HANDLE)$/],
      ['no handle', () => 0, {}, /^STATUS_INVALID_HANDLE$/],
      ['a number', () => 0x7fff_fff0, {}, /^STATUS_INVALID_HANDLE$/],
      [
        'INVALID_SOCKET',
        () => 0xffff_ffff_ffff_ffffn,
        {},
        /^STATUS_(OBJECT_TYPE_MISMATCH|INVALID_HANDLE)$/,
      ],
      [
        'a socket just closed',
        () => {
          const skt = creator.fromAddress(new UDPAddress());
          const { socket } = skt;
          skt.close();
          return BigInt(socket);
        },
        {},
        // Under Wine something else has its value already, sometimes.
        /^STATUS_(OBJECT_TYPE_MISMATCH|INVALID_HANDLE)$/,
      ],
      [
        'a buffer 8 bytes short',
        () => keep(creator.fromAddress(new UDPAddress())),
        { shortBytes: 8 },
        /^STATUS_(INVALID_PARAMETER|BUFFER_TOO_SMALL)$/,
      ],
      [
        '0 handles',
        () => keep(creator.fromAddress(new UDPAddress())),
        { count: 0 },
        /^STATUS_INVALID_PARAMETER$/,
      ],
      [
        'more handles than there are',
        () => keep(creator.fromAddress(new UDPAddress())),
        { count: 2 },
        /^STATUS_(INVALID_PARAMETER|BUFFER_TOO_SMALL)$/,
      ],
    ];

  test.each(refused)(
    'of %s is refused at once, without a packet',
    async (_name, make, options, status) => {
      const poller = new RawPoller();
      const event = CreateEventA(0, 1, 0, 0);
      const polled = make({ event, port: poller.port });
      expect(poller.arm(polled, AFD_POLL_SEND, options).status).toMatch(status);
      expect(poller.next(50)).toBeUndefined();
      // What was there before stays usable.
      const { client } = await connectPair();
      expect(await poller.events(client, AFD_POLL_SEND)).toBe(AFD_POLL_SEND);
      CloseHandle(event);
      poller.close();
    },
  );
});

describe('F18 N14 handles that are closed under a pending poll', () => {
  test('the handle of AFD: the poll ends at once, HANDLES_CLOSED, with its packet', async () => {
    const poller = new RawPoller();
    const { client, server } = await connectPair();
    const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
    expect(NtClose(poller.afd)).toBe(STATUS_SUCCESS);
    expect(poller.next(1_000)).toMatchObject({ poll, status: 'STATUS_HANDLES_CLOSED' });
    expect(poll.isPending).toBe(false);
    // Its memory is ours again: nothing is written when the socket becomes ready.
    poll.memory.fill(0x5a);
    client.send(Buffer.from('x'));
    server.close();
    await pause(50);
    expect(poll.memory.read(0, poll.memory.byteLength).every((byte) => byte === 0x5a)).toBe(true);
    expect(poller.next(50)).toBeUndefined();
    poller.end(poll);
    poller.closePort();
  });

  // What an implementation that only closes its port would get wrong, on Wine 8 as N14 has it.
  test.each([
    ['data', AFD_POLL_RECEIVE],
    ['close', AFD_POLL_LOCAL_CLOSE],
  ] as const)(
    'the port alone: the poll stays pending, and %s still writes to its memory',
    async (what, events) => {
      const poller = new RawPoller();
      const { client, server } = await connectPair();
      const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
      expect(NtClose(poller.port)).toBe(STATUS_SUCCESS);
      expect(ntStatusName(poller.nextStatus())).toBe('STATUS_INVALID_HANDLE');
      await pause(50);
      // On Windows (unverified) the poll may have been dropped instead.
      if (isWine) expect(poll.isPending).toBe(true);
      if (what === 'data') client.send(Buffer.from('x'));
      else server.close();
      await pause(50);
      if (isWine) {
        expect(poll.isPending).toBe(false);
        expect(poll.reported.map((each) => each.events)).toEqual([events]);
      }
      // The cure: the handle of AFD as well, and only then the memory.
      NtClose(poller.afd);
      await pause(20);
      expect(poll.isPending).toBe(false);
      poll.memory.free();
      poller.forget();
    },
  );
});
