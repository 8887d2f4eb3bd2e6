import { Duplex } from 'node:stream';
import { fixedError } from './errors.js';
import type { Chunk, Done } from './values.js';

/** After the end of a socket that is not half-open, a write fails by a better message. */
export function onEnd(this: Duplex): void {
  if (!this.allowHalfOpen) this.write = writeAfterEnd as Duplex['write'];
}

function writeAfterEnd(this: Duplex, chunk: Chunk, ...args: readonly unknown[]): boolean {
  if (!this.writableEnded) return Duplex.prototype.write.apply(this, [chunk, ...args] as never);
  const error = fixedError('EPIPE');
  const done = args.find((arg) => typeof arg === 'function') as Done | undefined;
  if (done !== undefined) process.nextTick(done, error);
  this.destroy(error);
  return false;
}
