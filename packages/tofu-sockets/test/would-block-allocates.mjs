// Measures how many bytes on the heap a would-block allocates: with no watcher, one and two, and
// with one that creates an object each time, to show that the measurement works. No garbage
// collection runs in between.
import { createSimNt } from 'sim-nt';
import { TCPClientAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';

const rounds = 10_000;
const { kernel } = createSimNt({ seed: 1 });
const blocking = { ...kernel, recv: () => -1, WSAGetLastError: () => 10_035 };
const skt = createSocketCreator(blocking).fromAddress(new TCPClientAddress('127.0.0.1', 9));
const into = new Uint8Array(16);

function run() {
  for (let index = 0; index < rounds; index += 1) skt.recv(into);
}

/** The minimum of several runs, because V8's compiler may allocate during one of them. */
function measure() {
  const bytes = [];
  for (let again = 0; again < 6; again += 1) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    run();
    bytes.push((process.memoryUsage().heapUsed - before) / rounds);
  }
  return Math.min(...bytes);
}

const watched = [measure()];
for (let count = 0; count < 2; count += 1) {
  skt.watch({ onWouldBlock() {} });
  watched.push(measure());
}
let kept;
skt.watch({ onWouldBlock: (own, direction) => (kept = { own, direction }) });
const wasteful = measure();
process.stdout.write(JSON.stringify({ watched, wasteful, direction: kept.direction }));
