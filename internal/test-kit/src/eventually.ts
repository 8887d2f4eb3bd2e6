// Repeats a call while it would block. The limit is a number of tries, not a time: a busy host
// gets more time.

/**
 * `wouldBlock` of tofu-sockets. It is a registered symbol, so this package does not depend on
 * tofu-sockets.
 */
const wouldBlock = Symbol.for('tofu-sockets.would-block');

const tooOften = (tries: number) => new Error(`the call would still block after ${tries} tries`);

/**
 * Repeats a call until its result is not would-block.
 *
 * @param pause runs between two tries; default: 5 ms.
 * @throws {Error} after `tries` calls, by default 1,000.
 */
export async function eventually<T>(
  call: () => T,
  pause: () => unknown = () => new Promise((done) => setTimeout(done, 5)),
  tries = 1_000,
): Promise<Exclude<T, symbol>> {
  for (let count = 0; count < tries; count += 1) {
    const result = call();
    if (result !== wouldBlock) return result as Exclude<T, symbol>;
    await pause();
  }
  throw tooOften(tries);
}

/** Repeats a call as {@link eventually} does, without await. */
export function eventuallySync<T>(
  call: () => T,
  pause: () => void,
  tries: number,
): Exclude<T, symbol> {
  for (let count = 0; count < tries; count += 1) {
    const result = call();
    if (result !== wouldBlock) return result as Exclude<T, symbol>;
    pause();
  }
  throw tooOften(tries);
}
