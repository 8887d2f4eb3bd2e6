import { NativeStruct, type StructLayout } from './native-struct.js';

const layout = { size: 8, fields: { QuadPart: [0, 8] } } as const satisfies StructLayout;

/** LARGE_INTEGER (winnt.h): a signed 64-bit number, here used for time-outs in units of 100 ns. */
export class LARGE_INTEGER extends NativeStruct {
  /** Size and offset, compared with the Windows SDK's header by a test. */
  static readonly layout = layout;

  /** The number. */
  get QuadPart(): bigint {
    return this.memory.readI64(this.offset);
  }

  set QuadPart(value: bigint) {
    this.memory.writeI64(this.offset, value);
  }
}

/** The largest LARGE_INTEGER. As the Timeout of a poll it means "no time-out". */
export const INT64_MAX = 2n ** 63n - 1n;

/**
 * Converts milliseconds to NT's relative time-out: a negative number of 100 ns units. Rounds up,
 * so that a positive time never becomes 0, which would mean "return at once".
 *
 * @param timeoutMs 0 to 2^53 ms; fractions are allowed.
 * @throws {RangeError} for a negative time, NaN or infinity.
 */
export function relativeTimeout100ns(timeoutMs: number): bigint {
  if (!(timeoutMs >= 0 && timeoutMs <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`A time-out must be 0 to 2^53 milliseconds, got ${timeoutMs}.`);
  }
  // Whole milliseconds and the fraction are converted separately, so that large times stay exact.
  const whole = Math.floor(timeoutMs);
  return -(BigInt(whole) * 10_000n + BigInt(Math.ceil((timeoutMs - whole) * 10_000)));
}
