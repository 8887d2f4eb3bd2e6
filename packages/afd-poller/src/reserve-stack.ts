/** 4 KiB of arguments: more than the deepest chain of calls below a public method needs. */
const arguments512 = new Array<undefined>(512).fill(undefined);

function nothing(): void {}

/**
 * Makes sure that there is stack left for what follows. A call that began near the end of the stack
 * could otherwise be cut off anywhere: between the removal of a packet and the end of its loan, say.
 *
 * @throws {RangeError} before anything was changed.
 */
export function reserveStack(): void {
  Reflect.apply(nothing, undefined, arguments512);
}
