import { STATUS_ACCESS_DENIED } from 'ntdllx';
import type { DatagramSocket } from 'tofu-reactor';
import { clientAddressOf, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { failing, simulatedReactor } from './simulated.js';

const room = Buffer.alloc(64);
const text = Buffer.from('x');

/** Sends while the send buffer is full, and counts the calls of onDrain. */
function sendIntoFull(socket: DatagramSocket, to: DatagramSocket): { drains: number } {
  const counts = { drains: 0 };
  socket.onDrain = () => {
    counts.drains += 1;
  };
  expect(socket.send(text, to.endpoint)).toBe(false);
  return counts;
}

test('onDrain is called once when there is room, after a datagram that would block', async () => {
  const { sim, reactor, until, close } = simulatedReactor();
  const socket = reactor.bind({});
  const other = reactor.bind({});
  sim.force('sendFull');
  const counts = sendIntoFull(socket, other);
  await until(() => counts.drains > 0);
  expect(socket.send(text, other.endpoint)).toBe(true);
  reactor.turn(10);
  expect(counts.drains).toBe(1);
  await close();
});

test('the interest in writing survives a readable event that the program ignores', async () => {
  const { sim, reactor, until, close } = simulatedReactor();
  let hints = 0;
  const socket = reactor.bind({}, () => {
    hints += 1;
  });
  const other = reactor.bind({});
  other.send(text, socket.endpoint);
  await until(() => hints === 1);
  sim.force('sendFull');
  const first = sendIntoFull(socket, other);
  await until(() => first.drains === 1);
  // Both directions are requested now, and the datagram comes first.
  expect(socket.receiveInto(room)).toMatchObject({ byteLength: 1 });
  sim.force('sendFull');
  const second = sendIntoFull(socket, other);
  other.send(text, socket.endpoint);
  await until(() => hints === 2);
  await until(() => second.drains === 1);
  expect(hints).toBe(2);
  await close();
});

test('the interest in writing survives a flood of datagrams that uses up every budget', async () => {
  const { sim, reactor, until, close } = simulatedReactor();
  const other = reactor.bind({});
  let received = 0;
  const socket = reactor.bind({}, () => {
    while (socket.receiveInto(room) !== wouldBlock) {
      received += 1;
      if (socket.isOpen) other.send(text, socket.endpoint);
    }
  });
  for (let index = 0; index < 100; index += 1) other.send(text, socket.endpoint);
  sim.force('sendFull');
  const counts = sendIntoFull(socket, other);
  await until(() => counts.drains === 1);
  expect(received).toBeGreaterThan(64);
  await close();
});

test('a stream that has ended when it is accepted is read to its end without a poll', async () => {
  const { sim, reactor, until, close } = simulatedReactor({ network: 'eager' });
  const counts: unknown[] = [];
  const server = await reactor.listen({ port: 0 }, (connection) => {
    connection.onReadable = () => {
      for (;;) {
        const count = connection.readInto(room);
        if (count === wouldBlock) return;
        counts.push(count);
        if (count === 0) return;
      }
    };
  });
  const client = createSocketCreator(sim.kernel).fromAddress(clientAddressOf(server.endpoint));
  client.connect();
  client.send(text);
  client.shutdown('send');
  await until(() => server.accepted === 1 && server.connections === 0);
  expect(counts).toEqual([1, 0]);
  // The poll of the listener.
  expect(sim.calls['NtDeviceIoControlFile']).toBe(1);
  client.close();
  await close();
});

/** A reactor for which AFD cannot be opened at the first try. */
function withoutAfd() {
  const open = failing('NtCreateFile', STATUS_ACCESS_DENIED);
  open.failNext();
  return simulatedReactor({}, open.adapt);
}

const refused = { name: 'NtStatusError', call: 'NtCreateFile' };

test('a UDP socket that cannot be polled is closed, and bind throws', async () => {
  const { sim, reactor, close } = withoutAfd();
  const handles = sim.handles;
  expect(() => reactor.bind({})).toThrow(expect.objectContaining(refused));
  expect(sim.handles).toBe(handles);
  expect(reactor.inspect()).toMatchObject({ datagramSockets: 0, refs: 0 });
  expect(reactor.bind({}).isOpen).toBe(true);
  await close();
});

test('a listener that cannot be polled is closed, and listen rejects', async () => {
  const { sim, reactor, close } = withoutAfd();
  const handles = sim.handles;
  await expect(reactor.listen({ port: 0 })).rejects.toMatchObject(refused);
  expect(sim.handles).toBe(handles);
  expect(reactor.inspect()).toMatchObject({ servers: 0, refs: 0 });
  await close();
});

test('close may be called from onError of a server and from onDrain of a UDP socket', async () => {
  for (const from of ['error', 'drain']) {
    const accept = failing('accept', 2n ** 64n - 1n);
    const { sim, reactor, until, close } = simulatedReactor({}, accept.adapt);
    let closing: Promise<void> | undefined;
    const at = (where: string) => {
      if (where === from) closing ??= reactor.close();
    };
    const server = await reactor.listen({ port: 0 }, () => {});
    const errors: unknown[] = [];
    server.onError = (error) => {
      errors.push(error);
      at('error');
    };
    if (from === 'error') {
      accept.failNext();
      reactor.open(server.endpoint);
    } else {
      const socket = reactor.bind({});
      socket.onDrain = () => at('drain');
      sim.force('sendFull');
      socket.send(text, socket.endpoint);
    }
    await until(() => closing !== undefined);
    await closing;
    if (from === 'error') expect(errors).toMatchObject([{ message: 'accept ENOBUFS' }]);
    expect(reactor.inspect()).toMatchObject({ isOpen: false, connections: 0, servers: 0, refs: 0 });
    await close();
  }
});
