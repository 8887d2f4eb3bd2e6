import { Worker } from 'node:worker_threads';
import { chunkBytes } from 'poc-stage2-echo';
import { expect, test } from 'vitest';
import { startServer } from './clients.js';

const mebibytes = 16;
const pauseMs = 1_000;

// A client in a thread of its own, for the server's thread blocks in the kernel. It sends all at
// once, looks away, and then checks every byte.
const script = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, byteLength, pauseMs } } = require('node:worker_threads');
  const word = (at) => Math.imul(at, 2654435761) >>> 0;
  const sent = Buffer.allocUnsafe(byteLength);
  for (let at = 0; at < byteLength; at += 4) sent.writeUInt32LE(word(at), at);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.pause();
  socket.end(sent);
  setTimeout(() => {
    parentPort.postMessage('reading');
    let received = 0;
    let wrong = 0;
    socket.on('data', (bytes) => {
      if (bytes.compare(sent, received, received + bytes.length) !== 0) wrong += 1;
      received += bytes.length;
    });
    socket.on('close', () => parentPort.postMessage({ received, wrong }));
    socket.resume();
  }, pauseMs);
`;

test('16 MiB to a reader that starts late: all in order, little kept, no spinning', async () => {
  const server = startServer();
  const workerData = { port: server.endpoint.port, byteLength: mebibytes * 2 ** 20, pauseMs };
  const client = new Worker(script, { eval: true, workerData });
  let isReading = false;
  let result: unknown;
  client.on('message', (message) => {
    if (message === 'reading') isReading = true;
    else result = message;
  });
  let mostUnsent = 0;
  let silentTurns = 0;
  let cpuOfPauseMs = 0;
  while (server.counts.ended + server.counts.broken === 0) {
    const before = process.cpuUsage();
    const packets = server.turn(100);
    const { user, system } = process.cpuUsage(before);
    mostUnsent = Math.max(mostUnsent, server.unsentBytes);
    if (!isReading && packets === 0 && server.unsentBytes > 0) {
      silentTurns += 1;
      cpuOfPauseMs += (user + system) / 1_000;
    }
    await new Promise(setImmediate);
  }
  while (result === undefined) await new Promise(setImmediate);
  console.log(`paused for ${silentTurns} waits of 100 ms, ${cpuOfPauseMs.toFixed(1)} ms of CPU`);
  expect(result).toEqual({ received: mebibytes * 2 ** 20, wrong: 0 });
  expect(server.counts).toMatchObject({ ended: 1, broken: 0 });
  expect(mostUnsent).toBeGreaterThan(0);
  expect(mostUnsent).toBeLessThanOrEqual(chunkBytes);
  // While nobody reads, the thread sleeps through whole waits.
  expect(silentTurns).toBeGreaterThan(2);
  await client.terminate();
});
