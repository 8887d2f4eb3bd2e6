// Runs in Windows Node: node micro.js PRESET COUNTS [WINESERVER]. Measures the cost of the
// engine's own calls on the real kernel while COUNTS sockets are registered and idle. Prints one
// line of JSON.
import { readFileSync } from 'node:fs';
import { AfdPoller, PollEvents, presets } from 'afd-poller';
import { type DatagramSkt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { type MicroCall, type MicroRow, microCalls } from './micro-row.js';
import { summarize } from './statistics.js';
import type { PresetName } from './subjects.js';

const rounds = 9;
/**
 * The number of calls that are timed together: one call is shorter than the clock's resolution.
 */
const batch = 50;

const [preset = 'batched', counts = '1', wineserver = ''] = process.argv.slice(2) as [
  PresetName,
  string?,
  string?,
];
const poller = new AfdPoller<number>({ ...presets[preset], allowMainThread: true });
const events = new PollEvents<number>(64);
const creator = new SocketCreator();
const sender = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
const byte = Buffer.from('x');
const skts: DatagramSkt[] = [];

/** Waits until as many requests are pending as there are sockets, and no event is reported. */
function settle(pending: number): void {
  do poller.wait(0, events);
  while (poller.inspect().pending !== pending);
}

function register(count: number): void {
  while (skts.length < count) {
    const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    poller.add(skt, { readable: true });
    skts.push(skt);
  }
  settle(count);
}

/** The wineserver's CPU time in nanoseconds, from the host's /proc. */
function wineserverNs(): number {
  if (wineserver === '') return Number.NaN;
  return Number(readFileSync(`Z:\\proc\\${wineserver}\\schedstat`, 'latin1').split(' ')[0]);
}

/** The wineserver's CPU time for reading /proc itself, because the wineserver opens the file. */
const readingNs = summarize(
  Array.from({ length: 20 }, () => -wineserverNs() + wineserverNs()),
).median;

/** Samples of one call in microseconds: the elapsed time, and the wineserver's part of it. */
class Samples {
  readonly us: number[] = [];
  readonly wineserverUs: number[] = [];

  add(us: number, wineserverUs: number): void {
    this.us.push(us);
    this.wineserverUs.push(wineserverUs);
  }
}

/** Sums of one call in a round. */
class Timer {
  #ns = 0;
  #wineserverNs = 0;
  #count = 0;

  run(count: number, task: () => void): void {
    const wineserverBefore = wineserverNs();
    const before = process.hrtime.bigint();
    task();
    this.#ns += Number(process.hrtime.bigint() - before);
    this.#wineserverNs += wineserverNs() - wineserverBefore - readingNs;
    this.#count += count;
  }

  into(samples: Samples): void {
    samples.add(this.#ns / 1e3 / this.#count, this.#wineserverNs / 1e3 / this.#count);
  }
}

function measure(sockets: number): MicroRow {
  register(sockets);
  const some = skts.slice(0, Math.min(sockets, batch));
  const [active] = skts as [DatagramSkt];
  const address = active.localEndpoint();
  // A few sockets are used several times, so that each sample covers about a batch.
  const times = Math.ceil(batch / some.length);
  const each = <T>(make: () => T) =>
    Object.fromEntries(microCalls.map((call) => [call, make()])) as Record<MicroCall, T>;
  const samples = each(() => new Samples());
  const into = Buffer.alloc(1);
  for (let round = -1; round < rounds; round += 1) {
    const timers = each(() => new Timer());
    for (let time = 0; time < times; time += 1) {
      timers.cancel.run(some.length, () => {
        for (const skt of some) poller.remove(skt);
        while (poller.inspect().pending > sockets - some.length) poller.wait(0, events);
      });
      timers.arm.run(some.length, () => {
        for (const skt of some) poller.add(skt, { readable: true });
        poller.wait(0, events);
      });
    }
    settle(sockets);
    timers.event.run(batch, () => {
      for (let count = 0; count < batch; count += 1) {
        sender.sendTo(byte, address);
        for (const event of poller.wait(Number.POSITIVE_INFINITY, events)) {
          if (event.kind === 'socket') active.recvFrom(into);
        }
      }
    });
    settle(sockets);
    timers.wake.run(batch, () => {
      for (let count = 0; count < batch; count += 1) {
        poller.wake();
        poller.wait(Number.POSITIVE_INFINITY, events);
      }
    });
    timers.wait.run(batch, () => {
      for (let count = 0; count < batch; count += 1) poller.wait(0, events);
    });
    // The first round only compiles the code.
    if (round >= 0) for (const call of microCalls) timers[call].into(samples[call]);
  }
  const of = <T>(make: (of: Samples) => T) =>
    Object.fromEntries(microCalls.map((call) => [call, make(samples[call])])) as Record<
      MicroCall,
      T
    >;
  return {
    sockets,
    ...of(({ us }) => summarize(us)),
    ...(wineserver === ''
      ? {}
      : { wineserver: of(({ wineserverUs }) => summarize(wineserverUs).median) }),
  };
}

const rows = counts.split(',').map((count) => measure(Number(count)));
process.stdout.write(`${JSON.stringify(rows)}\n`);
// The sockets close with the process: closing ten thousand of them one by one is not measured.
process.exit(0);
