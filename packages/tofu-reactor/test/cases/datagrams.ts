import type { DatagramSocket } from 'tofu-reactor';
import { UDPAddress, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { Cases } from '../fixture.js';

export const datagramCases = new Cases();

const room = Buffer.alloc(65_536);

/** Receives the available datagrams as text. */
function receiveAll(socket: DatagramSocket, into: string[]): void {
  for (;;) {
    const datagram = socket.receiveInto(room);
    if (datagram === wouldBlock) return;
    into.push(room.toString('latin1', 0, datagram.byteLength));
  }
}

datagramCases.onIP(
  'datagrams arrive whole, with their sender, and replies arrive',
  async (fixture) => {
    const reactor = fixture.reactor();
    const server = reactor.bind({ port: 0 }, (socket) => {
      for (;;) {
        const datagram = socket.receiveInto(room);
        if (datagram === wouldBlock) return;
        socket.send(room.subarray(0, datagram.byteLength), datagram.from);
      }
    });
    const answers: string[] = [];
    const client = reactor.bind({}, (socket) => receiveAll(socket, answers));
    for (let index = 0; index < 100; index += 1) {
      client.send(Buffer.from(`datagram ${index}`), server.endpoint);
      await fixture.until(() => answers.length === index + 1);
    }
    client.send(new Uint8Array(0), server.endpoint);
    await fixture.until(() => answers.length === 101);
    expect([answers[0], answers[99], answers[100]]).toEqual(['datagram 0', 'datagram 99', '']);
    expect(reactor.inspect()).toMatchObject({ datagramSockets: 2, servers: 0, connections: 0 });
    await client.close();
    expect([client.isOpen, client.send(Buffer.from('x'), server.endpoint)]).toEqual([false, false]);
  },
);

datagramCases.onIP(
  'a socket still receives after it has sent to a closed port',
  async (fixture) => {
    const reactor = fixture.reactor();
    const got: string[] = [];
    const socket = reactor.bind({}, (each) => receiveAll(each, got));
    const gone = createSocketCreator(fixture.host.kernel).fromAddress(new UDPAddress());
    const nowhere = gone.localEndpoint();
    gone.close();
    const other = reactor.bind({});
    for (let round = 0; round < 10; round += 1) {
      socket.send(Buffer.from('to a closed port'), nowhere);
      await fixture.settle();
      other.send(Buffer.from(`round ${round}`), socket.endpoint);
      await fixture.until(() => got.length === round + 1);
    }
    expect(got.at(-1)).toBe('round 9');
    expect(socket.isOpen).toBe(true);
  },
);

datagramCases.onIP(
  'a receive into a buffer that is too small throws, and the next datagram arrives',
  async (fixture) => {
    const reactor = fixture.reactor();
    const got: unknown[] = [];
    const socket = reactor.bind({}, () => {
      try {
        const datagram = socket.receiveInto(room.subarray(0, 4));
        if (datagram !== wouldBlock) got.push(datagram.byteLength);
      } catch (error) {
        got.push((error as NodeJS.ErrnoException).code);
      }
    });
    const other = reactor.bind({});
    other.send(Buffer.from('too large'), socket.endpoint);
    await fixture.until(() => got.length === 1);
    other.send(Buffer.from('fits'), socket.endpoint);
    await fixture.until(() => got.length === 2);
    expect(got).toEqual(['EMSGSIZE', 4]);
  },
);

datagramCases.onIP(
  'after a receive outside of the callback throws, the next datagram is still reported',
  async (fixture) => {
    const reactor = fixture.reactor();
    let hints = 0;
    const socket = reactor.bind({}, () => (hints += 1));
    const other = reactor.bind({});
    other.send(Buffer.from('too large'), socket.endpoint);
    await fixture.until(() => hints === 1);
    expect(() => socket.receiveInto(room.subarray(0, 4))).toThrow(
      expect.objectContaining({ code: 'EMSGSIZE' }),
    );
    other.send(Buffer.from('fits'), socket.endpoint);
    await fixture.until(() => hints === 2);
    expect(socket.receiveInto(room)).toMatchObject({ byteLength: 4 });
  },
);

datagramCases.onIP(
  'bind to a port in use fails with EADDRINUSE; a UDP socket may close in its own callback',
  async (fixture) => {
    const reactor = fixture.reactor();
    const closes: unknown[] = [];
    const socket = reactor.bind({}, (each) => void each.close());
    socket.onClose = (error) => closes.push(error);
    expect(() => reactor.bind(socket.endpoint)).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind', port: socket.endpoint.port }),
    );
    const other = reactor.bind({});
    other.send(Buffer.from('x'), socket.endpoint);
    await socket.closed;
    expect(closes).toEqual([undefined]);
  },
);
