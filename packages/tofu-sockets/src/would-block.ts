/**
 * What a non-blocking call returns if it would have blocked. It is a value, not an error: call
 * again after the next readiness event. It is a symbol, so it cannot be mistaken for 0, for an
 * empty result or for the end of a stream. It is the same in every installed copy of this package.
 */
export const wouldBlock: unique symbol = Symbol.for('tofu-sockets.would-block');

/** The type of {@link wouldBlock}. */
export type WouldBlock = typeof wouldBlock;
