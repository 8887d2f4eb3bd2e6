// Cases that fail in every possible way, each followed by correct ones.
import { serveMisuses } from 'test-kit/misuse-child';

let open = 0;
let isSpoilt = false;
const refuse = () => {
  throw Object.assign(new RangeError('refused as it should be'), { code: 'ERR_FINE' });
};
const never = new Int32Array(new SharedArrayBuffer(4));

/** name -> function */
const misuses = {
  refused: refuse,
  // An abort of Windows Node first writes a stack trace, which takes seconds under Wine.
  'a crash': () => (process.platform === 'win32' ? process.reallyExit(134) : process.abort()),
  'behind the crash': refuse,
  'a hang': () => Atomics.wait(never, 0, 0),
  'behind the hang': refuse,
  'an exit that says success': () => process.exit(0),
  'behind the exit': refuse,
  'an unhandled rejection': () => {
    Promise.reject(new Error('much later'));
    refuse();
  },
  'behind the rejection': refuse,
  'nothing thrown': () => 5,
  'something left behind': () => {
    isSpoilt = true;
    open += 1;
    refuse();
  },
  'behind what was left': () => (isSpoilt ? undefined : refuse()),
  'something printed': () => {
    process.stdout.write('without a line end');
    refuse();
  },
  'a warning on stderr': () => {
    console.error('deprecated');
    refuse();
  },
  'its process': () => {
    throw new Error(`process ${process.pid}`);
  },
  'its process, later': () => {
    throw new Error(`process ${process.pid}`);
  },
  'a promise that is refused': async () => refuse(),
  'null thrown': () => {
    throw null;
  },
  'an exit at the very end': () => process.exit(3),
};

export const cases = Object.entries(misuses).map(([name, run]) => {
  return { name, code: 'ERR_FINE', isNative: false, run };
});

await serveMisuses(cases, () => {
  return open === 0 ? '' : `${open} open`;
});
