// The clients of a soak test, on their own reactor in the mode `blocking`: steady clients, clients
// that connect and close, slow readers, and silent clients. Every echoed byte is compared.
import { parentPort, workerData } from 'node:worker_threads';
import { Reactor, wouldBlock } from 'tofu-reactor';

const { endpoint, durationMs, steady, churning, slow, silent } = workerData;
const reactor = new Reactor({ mode: 'blocking', name: 'soak clients' });
const counts = { bytes: 0, wrong: 0, messages: 0, cycles: 0, resets: 0, failed: 0, served: [] };
const endMs = performance.now() + durationMs;
const isOver = () => performance.now() >= endMs;
const buffer = Buffer.alloc(65_536);

/** The byte of a stream at an offset, so that a lost or misplaced byte is detected. */
const byteAt = (place) => (place * 31 + (place >> 8)) & 0xff;
function makeBytes(length, from) {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) bytes[index] = byteAt(from + index);
  return bytes;
}

/**
 * Compares the received bytes with the sent ones.
 *
 * @returns how many bytes were received in total.
 */
function takeAll(connection, from, most = Number.POSITIVE_INFINITY) {
  let place = from;
  while (place - from < most) {
    const count = connection.readInto(buffer);
    if (count === wouldBlock || count === 0) break;
    for (let index = 0; index < count; index += 1) {
      if (buffer[index] !== byteAt(place + index)) counts.wrong += 1;
    }
    place += count;
  }
  counts.bytes += place - from;
  return place;
}

/**
 * Sends one message at a time, of varying size, until the time is over, and then ends gracefully.
 */
function beSteady(index) {
  return new Promise((resolve) => {
    const connection = reactor.open(endpoint);
    let [sent, got, messages] = [0, 0, 0];
    const send = () => {
      const length = 1 + ((messages * 997 + index * 61) % 4_000);
      connection.write(makeBytes(length, sent));
      sent += length;
    };
    connection.onReadable = () => {
      got = takeAll(connection, got);
      if (got < sent) return;
      messages += 1;
      counts.messages += 1;
      if (isOver()) connection.end();
      else send();
    };
    connection.onClose = (error) => {
      if (error !== undefined || got !== sent) counts.failed += 1;
      counts.served[index] = messages;
      resolve();
    };
    send();
  });
}

/**
 * Connects, sends a message and receives its echo, and then ends: by a close, by a half close
 * first, or by a reset.
 */
async function churn(index) {
  for (let round = index; !isOver(); round += 1) {
    await new Promise((resolve) => {
      const connection = reactor.open(endpoint);
      let got = 0;
      let isReset = false;
      connection.onReadable = () => {
        got = takeAll(connection, got);
        if (got < 64) return;
        if (round % 3 === 0) connection.end();
        if (round % 3 === 1) void connection.close();
        if (round % 3 === 2) {
          isReset = true;
          counts.resets += 1;
          connection.reset();
        }
      };
      connection.onClose = (error) => {
        if (got !== 64 || (error !== undefined && !isReset)) counts.failed += 1;
        counts.cycles += 1;
        resolve();
      };
      connection.write(makeBytes(64, 0));
    });
  }
}

/** Writes many bytes, and reads few at a time. */
function readSlowly() {
  const length = 1_048_576;
  return new Promise((resolve) => {
    const connection = reactor.open(endpoint);
    let got = 0;
    connection.write(makeBytes(length, 0), { keep: true });
    const timer = setInterval(() => {
      got = takeAll(connection, got, isOver() ? length : 32_768);
      if (got >= length) connection.end();
    }, 10);
    connection.onReadable = () => {
      if (connection.isReadEnded || got >= length) takeAll(connection, got);
    };
    connection.onClose = (error) => {
      clearInterval(timer);
      if (error !== undefined || got !== length) counts.failed += 1;
      resolve();
    };
  });
}

/** Connects, and sends nothing until the time is over. */
function beSilent() {
  return new Promise((resolve) => {
    const connection = reactor.open(endpoint);
    connection.onReadable = () => connection.readInto(buffer);
    connection.onClose = (error) => {
      if (error !== undefined) counts.failed += 1;
      resolve();
    };
    setTimeout(() => connection.end(), durationMs);
  });
}

const make = (count, begin) => Array.from({ length: count }, (_, index) => begin(index));
const all = [
  ...make(steady, beSteady),
  ...make(churning, churn),
  ...make(slow, readSlowly),
  ...make(silent, beSilent),
];
const running = reactor.run();
await Promise.all(all);
await reactor.close();
await running;
parentPort.postMessage(counts);
