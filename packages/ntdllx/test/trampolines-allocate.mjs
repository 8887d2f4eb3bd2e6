// Measures how many bytes on the heap a call allocates: through each trampoline and padding,
// through a trampoline with an observer, and through a function with a rest parameter. No garbage
// collection runs in between.
import { paddings, trampolines } from 'ntdllx/internal';
import { observeCalls } from 'ntdllx/trace';

const rounds = 10_000;

function target() {
  return 0;
}
const spread =
  (call) =>
  (...args) =>
    call(...args);
const row = (count) => ({
  name: 'NtClose',
  prototype: { params: Array.from({ length: count }, () => ['p', 'ULONG']) },
  load() {},
  call: target,
});

function run(call) {
  for (let index = 0; index < rounds; index += 1) call(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
}

function measure(call) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  run(call);
  return (process.memoryUsage().heapUsed - before) / rounds;
}

/**
 * The least of several runs. What each call allocates is in all of them; what V8 allocates beside
 * them, most of it in the first runs, is not.
 */
function leastOf(call) {
  let least = Number.POSITIVE_INFINITY;
  for (let again = 0; again < 20 && least >= 1; again += 1) least = Math.min(least, measure(call));
  return least;
}

const silent = [
  ...trampolines.map((make, count) => leastOf(make(row(count)))),
  ...paddings.map((pad) => leastOf(pad(target))),
];
const rest = [measure(spread(spread(target)))];
const end = observeCalls({ after() {} });
const observed = [measure(trampolines[2](row(2)))];
end();
process.stdout.write(JSON.stringify({ silent, observed, rest }));
