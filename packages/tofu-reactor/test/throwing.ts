import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Every callback of the package. */
const callbacks = [
  'bind',
  'connection onClose',
  'datagram onClose',
  'listen',
  'onDrain',
  'onDrop',
  'onError',
  'onPost',
  'onReadable',
  'onTimeout',
  'open',
];

/**
 * The expected output of `throwing.mjs`.
 *
 * @param isSimulated whether it runs on a simulated kernel, which has one more case.
 */
export function thrown(isSimulated: boolean): unknown {
  const all = isSimulated ? [...callbacks, 'datagram onDrain'] : callbacks;
  const caught = ['rejects', 'throws'].flatMap((way) => all.map((name) => `${way} ${name}`));
  return { caught: caught.sort(), served: 'served' };
}

/**
 * Runs `throwing.mjs` in a separate process, because the test runner handles the uncaught
 * exceptions of its own process.
 */
export function runThrowing(mode: string): unknown {
  const script = fileURLToPath(new URL('./throwing.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, mode], { encoding: 'utf8' }));
}
