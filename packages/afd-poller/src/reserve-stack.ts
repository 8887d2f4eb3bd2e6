/** 4 KiB of arguments: more stack than the deepest chain of calls below a public method needs. */
const arguments512 = new Array<undefined>(512).fill(undefined);

function nothing(): void {}

/**
 * Makes sure that enough stack is left for the caller's work. Without this check a stack overflow
 * could interrupt that work anywhere, for example between the removal of a packet and the end of
 * its loan.
 *
 * @throws {RangeError} before anything was changed.
 */
export function reserveStack(): void {
  Reflect.apply(nothing, undefined, arguments512);
}
