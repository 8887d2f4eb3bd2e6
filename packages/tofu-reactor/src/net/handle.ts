import { AsyncResource } from 'node:async_hooks';
import { wouldBlock } from 'tofu-sockets';
import { reportUncaught } from '../callback.js';
import { type Connection, coreOf } from '../connection.js';
import { transferError } from '../node-errors.js';
import type { StreamCore, StreamOwner } from '../stream-core.js';
import { cancelledWrite } from './errors.js';
import { receiveBuffer, takeChunk } from './receive-buffer.js';
import type { Done } from './values.js';

/** The receiver of a handle's events. */
export interface HandleOwner {
  /** @param chunk null at the end of the stream. @returns false to stop reading. */
  received(chunk: Buffer | null): boolean;
  /** A pending write has completed. */
  sent(): void;
  failed(error: Error): void;
  /** The reactor is being closed. */
  closeRequested(): void;
  /** The reactor has closed the connection. */
  closed(): void;
}

/**
 * What a socket has from its connect until it is destroyed: the connection. It does what the
 * handle of `net.Socket` does: it reads one chunk at a time, and has one write at a time.
 */
export class Handle implements StreamOwner {
  readonly connection: Connection;
  readonly #core: StreamCore;
  readonly #owner: HandleOwner;
  /** Events run in the async context in which the handle was created. */
  readonly #scope = new AsyncResource('TOFUREACTOR');
  #pendingWrite: Done | undefined;
  #isClosed = false;
  #bytesWritten = 0;

  /** Takes over the connection: from now on its events come to the owner. */
  constructor(connection: Connection, owner: HandleOwner) {
    this.connection = connection;
    this.#owner = owner;
    this.#core = coreOf(connection);
    this.#core.owner = this;
  }

  /** The logic of the connection. */
  get core(): StreamCore {
    return this.#core;
  }

  get bytesRead(): number {
    return this.#core.readSide.bytesRead;
  }

  /** How many bytes were passed to {@link write}. */
  get bytesWritten(): number {
    return this.#isClosed ? this.#bytesWritten : this.#core.writeSide.bytesWritten;
  }

  get unsentBytes(): number {
    return this.#core.writeSide.bufferedBytes;
  }

  /** Starts to read, unless it reads already. */
  read(): void {
    if (this.#core.isFlowing) return;
    this.#core.isFlowing = true;
    this.#core.resume();
  }

  /** @param done called inside of this call if all bytes are sent at once. */
  write(chunks: readonly Uint8Array[], done: Done): void {
    try {
      if (this.#core.send(chunks)) done();
      else this.#pendingWrite = done;
    } catch (error) {
      done(transferError('write', error));
    }
  }

  /** Closes the connection. @param isReset true: with a reset. */
  close(error: Error | undefined, isReset: boolean): void {
    this.#bytesWritten = this.#core.writeSide.bytesWritten;
    this.#isClosed = true;
    this.#core.over(error, isReset);
  }

  /** After the close: the pending write fails. */
  cancelWrite(): void {
    const done = this.#pendingWrite;
    this.#pendingWrite = undefined;
    done?.(cancelledWrite());
  }

  readable(): void {
    this.#enter(() => {
      const count = this.#core.readInto(receiveBuffer());
      if (count === wouldBlock) return;
      const mayContinue = this.#owner.received(count === 0 ? null : takeChunk(count));
      if (!mayContinue) this.#core.isFlowing = false;
    });
  }

  sent(): void {
    this.#enter(() => {
      const done = this.#pendingWrite;
      this.#pendingWrite = undefined;
      this.#owner.sent();
      done?.();
    });
  }

  failed(error: Error): void {
    this.#enter(() => this.#owner.failed(error));
  }

  closeRequested(): void {
    this.#enter(() => this.#owner.closeRequested());
  }

  closed(): void {
    this.#enter(() => this.#owner.closed());
  }

  #enter(run: () => void): void {
    if (this.#isClosed) return;
    try {
      this.#scope.runInAsyncScope(run);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
