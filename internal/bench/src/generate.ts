// The load generator for hosts without a C compiler: node generate.js. Its options, commands and
// output are those of native/loadgen.c, which explains them. It needs more processor time than the
// C program, so figures of the two must not be compared.
import { createConnection, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', short: 'p', default: '0' },
    mode: { type: 'string', short: 'm', default: 'echo' },
    connections: { type: 'string', short: 'n', default: '1' },
    active: { type: 'string', short: 'a', default: '0' },
    size: { type: 'string', short: 's', default: '64' },
    window: { type: 'string', short: 'q', default: '262144' },
    settle: { type: 'string', short: 'S', default: '100' },
  },
});
const port = Number(values.port);
const size = Number(values.size);
const windowSize = Number(values.window);
const active = Number(values.active) || Number(values.connections);
const count = Math.max(active, Number(values.connections));
const firstActive = 16;
/** The run fails when no byte has arrived for this time. */
const stallMs = 30_000;

const pattern = Buffer.allocUnsafe(size);
for (let index = 0, x = 0x9e37_79b9; index < size; index += 1) {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  pattern[index] = x >>> 24;
}

const histogram = createHistogram();
/** Messages within the measured window, of each active connection. */
const counts = new Float64Array(active);
/** State of the current command. */
let run = { messages: 0, bytes: 0, total: 0, fired: 0, most: 0, isMeasuring: false };
let isStopping = true;
/** The number of active connections that have started; see {@link startSome}. */
let begun = 0;
let isConnected = false;
let starts: readonly (() => void)[] = [];
let allBegun: () => void = () => {};
let inFlight = 0;
let movedAtMs = performance.now();
let allBack: () => void = () => {};

function fail(code: number, why: string): never {
  process.stderr.write(`generate: ${why}\n`);
  process.exit(code);
}

/** Reports a lost connection. A server that ends between two commands is not an error. */
function lose(why: string): void {
  if (!isConnected || inFlight > 0) fail(4, why);
}

const mayFire = () => !isStopping && (run.most === 0 || run.fired < run.most);

/** Starts active connections in steps: see start_some in native/loadgen.c. */
function startSome(count: number): void {
  for (let more = count; more > 0 && begun < active && mayFire(); more -= 1) {
    begun += 1;
    starts[begun - 1]?.();
  }
  if (begun === active) allBegun();
}

function settle(): void {
  if (inFlight === 0 && !mayFire()) allBack();
}

/** @param firedAtMs undefined in a stream, whose messages have no latency. */
function finishMessage(index: number, firedAtMs?: number): void {
  run.total += 1;
  movedAtMs = performance.now();
  if (!run.isMeasuring) return;
  run.messages += 1;
  run.bytes += size;
  counts[index] = (counts[index] as number) + 1;
  if (firedAtMs === undefined) return;
  histogram.record(Math.max(1, Math.round((movedAtMs - firedAtMs) * 1e6)));
}

function check(data: Buffer, at: number): void {
  for (let done = 0; done < data.byteLength; ) {
    const from = (at + done) % size;
    const part = Math.min(size - from, data.byteLength - done);
    if (data.compare(pattern, from, from + part, done, done + part) !== 0) {
      fail(5, `a wrong byte arrived, in the piece that starts at byte ${at + done} of the stream`);
    }
    done += part;
  }
}

function open(): Socket {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', (error) => lose(error.message));
  socket.on('end', () => lose(`the peer closed after ${run.total} messages`));
  return socket;
}

/**
 * Keeps one message in flight.
 *
 * @returns a function that sends the first one
 */
function ping(socket: Socket, index: number): () => void {
  let firedAtMs = 0;
  let received = 0;
  const fire = () => {
    if (!mayFire()) return;
    run.fired += 1;
    inFlight += 1;
    received = 0;
    firedAtMs = performance.now();
    socket.write(pattern);
  };
  socket.on('data', (data) => {
    check(data, received);
    received += data.byteLength;
    if (received < size) return;
    inFlight -= 1;
    finishMessage(index, firedAtMs);
    fire();
    startSome(1);
    settle();
  });
  return fire;
}

/**
 * Keeps as many bytes in flight as the window allows.
 *
 * @returns a function that starts it
 */
function stream(socket: Socket, index: number): () => void {
  let sent = 0;
  let received = 0;
  const pump = () => {
    while (mayFire() && windowSize - (sent - received) >= size) {
      run.fired += 1;
      inFlight += size;
      sent += size;
      if (!socket.write(pattern)) return;
    }
  };
  socket.on('drain', pump);
  socket.on('data', (data) => {
    check(data, received);
    const before = Math.floor(received / size);
    received += data.byteLength;
    inFlight -= data.byteLength;
    for (let each = Math.floor(received / size); each > before; each -= 1) finishMessage(index);
    pump();
    settle();
  });
  return pump;
}

/** Connects, sends one message, closes, and starts again. */
function churn(index: number): void {
  if (!mayFire()) return;
  run.fired += 1;
  inFlight += 1;
  const beganAtMs = performance.now();
  const socket = open();
  let received = 0;
  socket.on('connect', () => socket.write(pattern));
  socket.on('data', (data) => {
    check(data, received);
    received += data.byteLength;
    if (received < size) return;
    inFlight -= 1;
    finishMessage(index, beganAtMs);
    socket.destroy();
    churn(index);
    settle();
  });
}

async function connectAll(): Promise<(() => void)[]> {
  if (values.mode === 'churn')
    return Array.from({ length: active }, (_, each) => () => churn(each));
  const sockets = Array.from({ length: count }, open);
  await Promise.all(
    sockets.map((socket) => new Promise<void>((done) => socket.once('connect', () => done()))),
  );
  const step = Math.floor(count / active);
  return Array.from({ length: active }, (_, each) => {
    const socket = sockets[each * step] as Socket;
    return values.mode === 'stream' ? stream(socket, each) : ping(socket, each);
  });
}

async function load(command: string): Promise<object> {
  const [kind, ...numbers] = command.split(' ');
  const [first = 0, second = 0] = numbers.map(Number);
  const most = kind === 'count' ? first : 0;
  run = { messages: 0, bytes: 0, total: 0, fired: 0, most, isMeasuring: most > 0 };
  histogram.reset();
  counts.fill(0);
  isStopping = false;
  movedAtMs = performance.now();
  let [fromMs, toMs] = [movedAtMs, 0];
  const over = new Promise<void>((done) => {
    allBack = done;
  });
  const begin = new Promise<void>((done) => {
    allBegun = done;
  });
  begun = 0;
  startSome(firstActive);
  if (most === 0) {
    await Promise.all([sleep(1_000 * first), begin]);
    run.isMeasuring = true;
    counts.fill(0);
    fromMs = performance.now();
    await sleep(1_000 * second);
    run.isMeasuring = false;
    toMs = performance.now();
    isStopping = true;
    settle();
  }
  await over;
  isStopping = true;
  if (most > 0) toMs = performance.now();
  const us = (percent: number) => (histogram.count === 0 ? 0 : histogram.percentile(percent) / 1e3);
  const { messages, total, bytes } = run;
  const [seconds, p50us, p99us, p999us] = [(toMs - fromMs) / 1e3, us(50), us(99), us(99.9)];
  const [slowest, fastest] = [Math.min(...counts), Math.max(...counts)];
  const said = { generator: 'node', seconds, messages, total, bytes, slowest, fastest };
  return { ...said, p50us, p99us, p999us, cpuNs: [] };
}

setInterval(() => {
  const isStalled = inFlight > 0 && performance.now() - movedAtMs > stallMs;
  if (isStalled) fail(3, `no byte arrived for 30 s, after ${run.total} messages`);
}, 500).unref();

starts = await connectAll();
isConnected = true;
await sleep(Number(values.settle));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const command of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await load(command))}\n`);
}
process.exit(0);
