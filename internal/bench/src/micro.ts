// Runs in Windows Node: node micro.js PRESET COUNTS [WINESERVER]. What the engine's own calls cost on the real
// kernel while so many sockets are registered and idle. One line of JSON.
import { readFileSync } from 'node:fs';
import { AfdPoller, PollEvents, presets } from 'afd-poller';
import { type DatagramSkt, SocketCreator, UDPAddress } from 'tofu-sockets';
import type { PresetName } from './contestants.js';
import { type MicroCall, type MicroRow, microCalls } from './micro-row.js';
import { summarize } from './statistics.js';

const rounds = 9;
/** Calls that are timed together: one alone is shorter than the clock is exact. */
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

/** Waits until the kernel has as many requests as there are sockets, and nothing is reported. */
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

/** Processor time of the wineserver in nanoseconds, as the host's /proc says it. */
function wineserverNs(): number {
  if (wineserver === '') return Number.NaN;
  return Number(readFileSync(`Z:\\proc\\${wineserver}\\schedstat`, 'latin1').split(' ')[0]);
}

/** What of it is for reading that: Wine has the wineserver open files. */
const readingNs = summarize(
  Array.from({ length: 20 }, () => -wineserverNs() + wineserverNs()),
).median;

/** Samples of one call, in microseconds: how long it took, and the wineserver's part of that. */
class Samples {
  readonly us: number[] = [];
  readonly wineserverUs: number[] = [];

  add(us: number, wineserverUs: number): void {
    this.us.push(us);
    this.wineserverUs.push(wineserverUs);
  }
}

/** What a round adds up, of one call. */
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
  // Few sockets are taken several times, so that each sample is of about a batch.
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
    // The first round compiles.
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
// The sockets go with the process: to close ten thousand of them one by one is not measured.
process.exit(0);
