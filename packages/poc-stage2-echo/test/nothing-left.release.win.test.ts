import { NtClose, nativeMemory } from 'ntdllx';
import { CreateEventA } from 'ntdllx/kernel32';
import { EchoServer } from 'poc-stage2-echo';
import {
  type Skt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { expect, test } from 'vitest';

const creator = new SocketCreator();

/** The value that the next handle will have. Node itself must be idle meanwhile. */
function nextHandle(): number {
  const event = CreateEventA(0, 1, 0, 0);
  NtClose(event);
  return event;
}

function connected(server: EchoServer): Skt {
  const { host, port } = server.endpoint;
  const skt = creator.fromAddress(new TCPClientAddress(host, port));
  skt.connect();
  const { accepted } = server.counts;
  while (server.counts.accepted === accepted) server.turn(10);
  while (skt.finishConnect() === wouldBlock) server.turn(1);
  return skt;
}

function echo(server: EchoServer, skt: Skt, text: string): void {
  const answer = Buffer.alloc(text.length);
  skt.send(Buffer.from(text));
  while (skt.recv(answer) === wouldBlock) server.turn(10);
  expect(answer.toString()).toBe(text);
}

/** One server with a client of every fate. */
function round(): void {
  const server = new EchoServer(new TCPServerAddress('127.0.0.1', 0));
  const [ends, resets, stays] = [connected(server), connected(server), connected(server)];
  for (const skt of [ends, resets, stays]) echo(server, skt, 'hello');
  ends.close();
  while (server.counts.ended === 0) server.turn(10);
  resets.abortOnClose();
  resets.close();
  while (server.counts.broken === 0) server.turn(10);
  expect(server.pendingPolls).toBe(2);
  server.close();
  expect(server.pendingPolls).toBe(0);
  expect(server.counts).toMatchObject({ accepted: 3, ended: 1, broken: 1, dropped: 1, strays: 0 });
  stays.close();
}

test('fifty servers: round 2 and round 50 end with the same next handle and no block', () => {
  const handles: number[] = [];
  for (let count = 1; count <= 50; count += 1) {
    round();
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
    handles.push(nextHandle());
  }
  expect(handles[49]).toBe(handles[1]);
});
