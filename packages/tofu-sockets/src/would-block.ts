/**
 * What a non-blocking call returns when it could not go on now. It is a value and no error: ask
 * again after the next readiness. Being a symbol, it cannot be taken for 0, for an empty result
 * or for the end of a stream. It is the same one in every installed copy of this package.
 */
export const wouldBlock: unique symbol = Symbol.for('tofu-sockets.would-block');

/** The type of {@link wouldBlock}. */
export type WouldBlock = typeof wouldBlock;
