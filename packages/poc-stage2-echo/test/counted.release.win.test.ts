import { Worker } from 'node:worker_threads';
import { startTrace, toTraceEvents } from 'nt-trace';
import { NtClose, nativeMemory } from 'ntdllx';
import { CreateEventA } from 'ntdllx/kernel32';
import { chunkBytes, type EchoConnection, EchoServer, runTest } from 'poc-stage2-echo';
import {
  type ClientSkt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { expect, test } from 'vitest';
import { echoOnce, Inbox, newClient, pattern, startServer, until } from './clients.js';
import { traceFileFaults } from './trace-file.js';

// Counts for a whole server: the handles that it leaks, the calls in its trace, the packets of a
// thousand messages, and the bytes that it keeps. The handles are counted first, because the
// clients of the other tests leave handles to Node's event loop.

const creator = new SocketCreator();

/**
 * Opens 64 handles and returns the highest value. It rises with each leaked handle. A single
 * handle would fill a gap below the leaked one. Node itself must be idle meanwhile.
 */
function nextHandle(): number {
  const events = Array.from({ length: 64 }, () => CreateEventA(0, 1, 0, 0));
  for (const event of events) NtClose(event);
  return Math.max(...events);
}

function connected(server: EchoServer): ClientSkt {
  const { host, port } = server.endpoint;
  const skt = creator.fromAddress(new TCPClientAddress(host, port));
  skt.connect();
  const { accepted } = server.counts;
  while (server.counts.accepted === accepted) server.turn(10);
  while (skt.finishConnect() === wouldBlock) server.turn(1);
  return skt;
}

function echo(server: EchoServer, skt: ClientSkt, text: string): void {
  const answer = Buffer.alloc(text.length);
  skt.send(Buffer.from(text));
  while (skt.recv(answer) === wouldBlock) server.turn(10);
  expect(answer.toString()).toBe(text);
}

/** One server, and clients that end in different ways. */
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
  expect(server.counts).toMatchObject({ accepted: 3, ended: 1, broken: 1, dropped: 1, unknown: 0 });
  stays.close();
}

test('twenty servers, one after another, leak no handle and no block', () => {
  const handles: number[] = [];
  for (let count = 1; count <= 20; count += 1) {
    round();
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
    handles.push(nextHandle());
  }
  expect(handles[19]).toBe(handles[1]);
});

test('the trace of stage 2 is valid, and each packet in it refers to its request', () => {
  const trace = startTrace();
  const verdict = runTest({ print: () => {} });
  const result = trace.stop();
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });

  const packets = result.records.filter((record) => record.kind === 'packet');
  // The packets of accept, receive and disconnect, and that of the listener's poll, which the
  // close cancelled.
  expect(packets.map(({ answer }) => answer?.sockets[0]?.events.join('|'))).toEqual([
    'ACCEPT',
    'RECEIVE',
    'DISCONNECT',
    undefined,
  ]);
  expect(packets.at(-1)?.fields[2]).toEqual({ name: 'Status', text: 'STATUS_CANCELLED' });
  const calls = new Map(
    result.records.flatMap((record) => (record.kind === 'call' ? [[record.number, record]] : [])),
  );
  const requests = packets.map(({ request }) => calls.get(request?.number ?? 0));
  expect(requests.map((call) => call?.function)).toEqual(
    new Array(4).fill('NtDeviceIoControlFile'),
  );
  // The listener's block is reused, but each packet belongs to a different request.
  expect(new Set(requests).size).toBe(4);

  const file = JSON.parse(JSON.stringify(toTraceEvents(result, { processName: 'stage 2' })));
  expect(traceFileFaults(file)).toEqual([]);
  const kinds = (ph: string) => file.traceEvents.filter((event: { ph: string }) => event.ph === ph);
  expect(kinds('X')).toHaveLength(calls.size);
  expect([kinds('i').length, kinds('s').length, kinds('f').length]).toEqual([4, 4, 4]);
  // There are two threads: the server's and the client's.
  expect(new Set(kinds('X').map(({ tid }: { tid: number }) => tid)).size).toBe(2);
  expect(result.threads.every(({ isComplete }) => isComplete)).toBe(true);
});

/**
 * This server polls again before the I/O. The condition still holds then, so the poll completes at
 * once, without a use.
 */
class EarlyServer extends EchoServer {
  protected override serve(connection: EchoConnection): void {
    this.arm(connection);
    connection.echo(this.buffer);
  }
}

const rounds = 30;

test.each([
  ['after the I/O costs one packet per message', EchoServer, 1],
  ['before the I/O costs two packets per message', EarlyServer, 2],
] as const)('a poll that is submitted %s', async (_name, Kind, packetsEach) => {
  const server = startServer(Kind);
  const socket = await newClient(server);
  await echoOnce(server, socket, 'warm');
  while (server.turn(20) > 0);
  const before = { ...server.counts };
  for (let round = 0; round < rounds; round += 1) {
    await echoOnce(server, socket, 'message');
    // The client pauses before it continues, so that the useless packet of the early poll is
    // counted.
    while (server.turn(2) > 0);
  }
  const packets = (server.counts.packets - before.packets) / rounds;
  const polls = (server.counts.polls - before.polls) / rounds;
  console.log(`${packets} packets and ${polls} polls a message`);
  expect({ packets, polls }).toEqual({ packets: packetsEach, polls: packetsEach });
});

const mebibytes = 8;
/** The number of consecutive waits without a packet while bytes are unsent. */
const requiredIdleTurns = 3;

// A client in its own thread, because the server's thread blocks in the kernel. It sends all bytes
// at once, pauses until the test lets it read, and then checks every byte.
const script = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, byteLength } } = require('node:worker_threads');
  const word = (at) => Math.imul(at, 2654435761) >>> 0;
  const sent = Buffer.allocUnsafe(byteLength);
  for (let at = 0; at < byteLength; at += 4) sent.writeUInt32LE(word(at), at);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.pause();
  socket.end(sent);
  parentPort.once('message', () => {
    let received = 0;
    let wrong = 0;
    socket.on('data', (bytes) => {
      if (bytes.compare(sent, received, received + bytes.length) !== 0) wrong += 1;
      received += bytes.length;
    });
    socket.on('close', () => parentPort.postMessage({ received, wrong }));
    socket.resume();
  });
`;

test('8 MiB to a late reader arrive in order, with a small buffer and without busy polling', async () => {
  const server = startServer();
  const workerData = { port: server.endpoint.port, byteLength: mebibytes * 2 ** 20 };
  const client = new Worker(script, { eval: true, workerData });
  let isReading = false;
  let result: unknown;
  client.on('message', (message) => {
    result = message;
  });
  let mostUnsent = 0;
  let idleTurns = 0;
  let cpuOfPauseMs = 0;
  while (server.counts.ended + server.counts.broken === 0) {
    const before = process.cpuUsage();
    const packets = server.turn(100);
    const { user, system } = process.cpuUsage(before);
    mostUnsent = Math.max(mostUnsent, server.unsentBytes);
    if (!isReading) {
      // While the peer does not read, the server's waits time out without a packet.
      const isIdle = packets === 0 && server.unsentBytes > 0;
      idleTurns = isIdle ? idleTurns + 1 : 0;
      if (isIdle) cpuOfPauseMs += (user + system) / 1_000;
      isReading = idleTurns === requiredIdleTurns;
      if (isReading) client.postMessage('read');
    }
    await new Promise(setImmediate);
  }
  while (result === undefined) await new Promise(setImmediate);
  console.log(`paused for ${idleTurns} waits of 100 ms, ${cpuOfPauseMs.toFixed(1)} ms of CPU`);
  expect(result).toEqual({ received: mebibytes * 2 ** 20, wrong: 0 });
  expect(server.counts).toMatchObject({ ended: 1, broken: 0 });
  expect(mostUnsent).toBeGreaterThan(0);
  expect(mostUnsent).toBeLessThanOrEqual(chunkBytes);
  await client.terminate();
});

test('E02 101 messages cost one packet and one poll each', async () => {
  const server = startServer();
  const socket = await newClient(server, { allowHalfOpen: true });
  const before = { ...server.counts };
  for (let round = 0; round < 101; round += 1) await echoOnce(server, socket, 'PING');
  const { packets, polls } = server.counts;
  // A reactor is fast if it makes few NT calls: one packet and one poll per message.
  expect(packets - before.packets).toBe(101);
  expect(polls - before.polls).toBe(101);
  const inbox = new Inbox(socket);
  socket.end();
  await until(server, () => inbox.isEnded);
  expect(server.counts).toMatchObject({ ended: 1, broken: 0, received: 404, sent: 404 });
});

test('60 silent clients and one that never reads do not block the others', async () => {
  const server = startServer();
  for (let count = 0; count < 60; count += 1) await newClient(server);
  const greedy = await newClient(server);
  greedy.pause().write(pattern(2 ** 23));
  await until(server, () => server.unsentBytes > 0);
  const active = await Promise.all(Array.from({ length: 5 }, () => newClient(server)));
  for (let round = 0; round < 10; round += 1) {
    for (const socket of active) await echoOnce(server, socket, `round ${round}`);
  }
  expect(server.open).toBe(66);
  expect(server.pendingPolls).toBe(67);
});
