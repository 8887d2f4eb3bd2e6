import { checked, Polls } from 'nt-repl';
import { AFD_POLL_ACCEPT, AFD_POLL_SEND, allocate, nativeMemory } from 'ntdllx';
import {
  type Endpoint,
  type ListenerSkt,
  type Skt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
} from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

const creator = new SocketCreator();
const open: Skt[] = [];
let polls = new Polls();

afterEach(() => {
  polls.close();
  for (const skt of open.splice(0)) skt.close();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  polls = new Polls();
});

function listen(): ListenerSkt<Endpoint> {
  const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
  open.push(listener);
  return listener;
}

function connectTo(listener: ListenerSkt<Endpoint>): Skt {
  const { port } = listener.localEndpoint();
  const client = creator.fromAddress(new TCPClientAddress('127.0.0.1', port));
  open.push(client);
  client.connect();
  return client;
}

test('wait returns undefined after the limit; after a cancel it returns the packet', () => {
  const armed = polls.arm(listen(), AFD_POLL_ACCEPT);
  expect(armed.status).toBe('STATUS_PENDING');
  const startMs = performance.now();
  expect(armed.wait(60)).toBe(undefined);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(50);
  expect(armed.cancel()).toBe('STATUS_SUCCESS');
  expect(armed.wait(5_000)).toMatchObject({ status: 'STATUS_CANCELLED' });
});

test('packets of other polls that arrive first are kept for those polls', () => {
  const [first, second] = [listen(), listen()];
  const [early, late] = [polls.arm(first, AFD_POLL_ACCEPT), polls.arm(second, AFD_POLL_ACCEPT)];
  connectTo(first);
  expect(early.packet).toBe(undefined);
  const client = connectTo(second);
  expect(late.wait(5_000)).toMatchObject({ status: 'STATUS_SUCCESS', events: ['ACCEPT'] });
  expect(early.packet).toMatchObject({ status: 'STATUS_SUCCESS', events: ['ACCEPT'] });
  expect(early.wait(0)).toBe(early.packet);
  expect(polls.arm(client, AFD_POLL_SEND).wait(5_000)).toMatchObject({ events: ['SEND'] });
});

test('close cancels a pending poll and frees its memory', () => {
  polls.arm(listen(), AFD_POLL_ACCEPT);
  expect(polls.close()).toBe(true);
  expect(polls.close()).toBe(false);
});

test('a wrong socket, mask or limit is rejected, and no poll is submitted', () => {
  expect(() => polls.arm(3 as never)).toThrow(/^poll needs a socket/);
  expect(() => polls.arm(listen(), 0)).toThrow(/^poll needs a mask of AFD_POLL_\* bits, got 0/);
  const armed = polls.arm(listen(), AFD_POLL_ACCEPT);
  expect(() => armed.wait(Number.POSITIVE_INFINITY)).toThrow(
    /^wait needs a limit of 0 to 600000 ms/,
  );
});

test('a block that is too short or freed is rejected; the same call with a long enough block is made', () => {
  const called: unknown[] = [];
  const close = checked('NtQueryIoCompletion', (...args: unknown[]) => called.push(args));
  const block = allocate(8);
  expect(() => close(...([1, 0, block.address, 16, 0] as never[]))).toThrow(/has 16 bytes/);
  expect(() => close(...([1, 0, block.address + 6, 4, 0] as never[]))).toThrow(/has 4 bytes/);
  close(...([1, 0, block.address + 4, 4, 0] as never[]));
  expect(called).toHaveLength(1);
  const { address } = block;
  block.free();
  expect(() => close(...([1, 0, address, 4, 0] as never[]))).toThrow(/not freed/);
  expect(called).toHaveLength(1);
});
