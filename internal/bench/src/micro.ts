// Runs in Windows Node: node micro.js WAY COUNTS. What the engine's own calls cost on the real kernel
// while so many sockets are registered and idle. One line of JSON.
import { AfdPoller, PollEvents, type WayName } from 'afd-poller';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import type { MicroRow } from './micro-row.js';
import { summarize } from './statistics.js';

const rounds = 9;
/** Calls that are timed together: one alone is shorter than the clock is exact. */
const batch = 50;

const [way = 'group', counts = '1'] = process.argv.slice(2) as [WayName, string?];
const poller = new AfdPoller<number>({ way, allowMainThread: true });
const events = new PollEvents<number>(64);
const creator = new SocketCreator();
const skts: Skt[] = [];

/** Waits until the kernel has as many requests as there are sockets, and nothing is told. */
function settle(pending: number): void {
  do poller.wait(0, events);
  while (poller.inspect().pending !== pending);
}

function register(count: number): void {
  while (skts.length < count) {
    const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    poller.add(skt, { receive: true });
    skts.push(skt);
  }
  settle(count);
}

/** @returns microseconds for each of `count`. */
function timed(count: number, run: () => void): number {
  const before = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - before) / 1e3 / count;
}

function measure(sockets: number): MicroRow {
  register(sockets);
  const some = skts.slice(0, Math.min(sockets, batch));
  // Few sockets are taken several times, so that each sample is of about a batch.
  const times = Math.ceil(batch / some.length);
  const [arm, cancel, wake, wait]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = -1; round < rounds; round += 1) {
    let [armUs, cancelUs] = [0, 0];
    for (let time = 0; time < times; time += 1) {
      cancelUs += timed(some.length, () => {
        for (const skt of some) poller.remove(skt);
        while (poller.inspect().pending > sockets - some.length) poller.wait(0, events);
      });
      armUs += timed(some.length, () => {
        for (const skt of some) poller.add(skt, { receive: true });
        poller.wait(0, events);
      });
    }
    settle(sockets);
    const wakeUs = timed(batch, () => {
      for (let each = 0; each < batch; each += 1) {
        poller.wake();
        poller.wait(Number.POSITIVE_INFINITY, events);
      }
    });
    const waitUs = timed(batch, () => {
      for (let each = 0; each < batch; each += 1) poller.wait(0, events);
    });
    // The first round compiles.
    if (round < 0) continue;
    arm.push(armUs / times);
    cancel.push(cancelUs / times);
    wake.push(wakeUs);
    wait.push(waitUs);
  }
  return {
    sockets,
    arm: summarize(arm),
    cancel: summarize(cancel),
    wake: summarize(wake),
    wait: summarize(wait),
  };
}

const rows = counts.split(',').map((count) => measure(Number(count)));
process.stdout.write(`${JSON.stringify(rows)}\n`);
// The sockets go with the process: to close ten thousand of them one by one is not measured.
process.exit(0);
