// Measures how many bytes on the heap a call of NT allocates, without and with an observer. No
// garbage collection runs in between. Only calls with results below 2^31: V8 allocates larger
// numbers on the heap.
import {
  allocate,
  IO_COMPLETION_ALL_ACCESS,
  NtCreateIoCompletion,
  NtQueryIoCompletion,
} from 'ntdllx';
import { CreateEventA, GetLastError, SetEvent, WaitForSingleObject } from 'ntdllx/kernel32';
import { observeCalls } from 'ntdllx/trace';

const memory = allocate(16);
NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
const port = Number(memory.readU64(0));
const event = CreateEventA(0, 1, 1, 0);
const { address } = memory;

const calls = {
  GetLastError: () => GetLastError(),
  SetEvent: () => SetEvent(event),
  WaitForSingleObject: () => WaitForSingleObject(event, 0),
  NtQueryIoCompletion: () => NtQueryIoCompletion(port, 0, address, 4, 0),
};

function measure(call, rounds) {
  for (let index = 0; index < rounds / 2; index += 1) call();
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < rounds; index += 1) call();
  return (process.memoryUsage().heapUsed - before) / rounds;
}

/**
 * The least of several measurements. What each call allocates is in all of them; the compiler,
 * which may end its work during one of them on a busy machine, is not.
 */
function leastOf(call, rounds) {
  let least = Number.POSITIVE_INFINITY;
  for (let again = 0; again < 20 && least >= 1; again += 1) {
    least = Math.min(least, measure(call, rounds));
  }
  return least;
}

const bytes = {};
for (const [name, call] of Object.entries(calls)) bytes[name] = { silent: leastOf(call, 10_000) };
const end = observeCalls({ after() {} });
for (const [name, call] of Object.entries(calls)) bytes[name].observed = measure(call, 1_000);
end();
process.stdout.write(JSON.stringify(bytes));
