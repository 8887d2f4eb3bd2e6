// A worker with a reactor that accepts from a listener that another thread owns, beside a timer of
// 10 ms. Posts its counters for each message; ends at the message `end`.
import { parentPort, workerData } from 'node:worker_threads';
import { allocate, ntKernel, requireNtSuccess } from 'ntdllx';
import { adoptListener, createReactor } from 'tofu-reactor/internal';
import { NativeSkt } from 'tofu-sockets/internal';

const { socket, mode } = workerData;
const { NtDeviceIoControlFile: submit } = ntKernel;
const counts = { accepted: 0, submits: 0, lateMs: 0 };
const kernel = {
  ...ntKernel,
  NtDeviceIoControlFile: (...args) => {
    counts.submits += 1;
    return submit(...args);
  },
  // Wine's closesocket does not know the duplicate, which Winsock did not make (measured: Wine 8).
  closesocket: (handle) =>
    Number(handle) === duplicated ? ntKernel.NtClose(handle) : ntKernel.closesocket(handle),
};

/** A second handle of the listener's socket. It is closed independently of the first. */
function duplicate() {
  // DUPLICATE_SAME_ACCESS
  const [self, sameAccess] = [ntKernel.NtCurrentProcess(), 2];
  const memory = allocate(8);
  const status = ntKernel.NtDuplicateObject(self, socket, self, memory.address, 0, 0, sameAccess);
  requireNtSuccess('NtDuplicateObject', status);
  const handle = Number(memory.readU64(0));
  memory.free();
  return handle;
}

const duplicated = duplicate();
const reactor = createReactor({ mode, kernel });
adoptListener(reactor, new NativeSkt(kernel, duplicated, 'listener'), (connection) => {
  counts.accepted += 1;
  connection.write('x');
  return connection.close();
});
let dueMs = performance.now() + 10;
const timer = setInterval(() => {
  const nowMs = performance.now();
  counts.lateMs = Math.max(counts.lateMs, nowMs - dueMs);
  dueMs = nowMs + 10;
}, 10);
parentPort.on('message', (message) => {
  if (message === 'end') {
    clearInterval(timer);
    parentPort.close();
    void reactor.close();
  } else {
    parentPort.postMessage({ ...counts });
    counts.lateMs = 0;
  }
});
parentPort.postMessage('ready');
await reactor.run();
