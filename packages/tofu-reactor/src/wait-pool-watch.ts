import { allocate, type HANDLE, type NativeMemory } from 'ntdllx';
import {
  INFINITE,
  INVALID_HANDLE_VALUE,
  lastWin32Error,
  RegisterWaitForSingleObject,
  UnregisterWaitEx,
  WT_EXECUTEINWAITTHREAD,
  WT_EXECUTEONLYONCE,
} from 'ntdllx/kernel32';
import {
  libuvAddress,
  registerLibuvCallback,
  UV_ASYNC,
  uv_async_init,
  uv_close,
  uv_default_loop,
  uv_handle_size,
  uv_ref,
  uv_unref,
} from 'ntdllx/libuv';
import { ReactorError } from './errors.js';
import type { PortWatch } from './port-watch.js';

/**
 * A thread of the system's wait pool waits for the port's handle. The wait's callback is
 * `uv_async_send`, which node.exe exports: the pool's thread calls it directly, so no JavaScript
 * runs on that thread. libuv then calls the callback of the `uv_async_t` on the main thread.
 *
 * Memory: one block holds the wait's handle and the `uv_async_t`. The wait pool uses it until
 * UnregisterWaitEx with INVALID_HANDLE_VALUE has returned. libuv uses it until the callback of
 * uv_close has run. It is freed after both. At the end of the process the watch does not wait for
 * libuv's callback, and the block stays allocated.
 *
 * Windows does not document that a port's handle can be waited for, so `probePortWait` tests it
 * first. On Wine 8 and 10 it was measured.
 */
export class WaitPoolWatch implements PortWatch {
  readonly #port: HANDLE;
  readonly #memory: NativeMemory;
  readonly #async: number;
  readonly #send: number;
  readonly #onPacket: () => void;
  #wait: HANDLE | undefined;
  #isRef = false;
  #closed: Promise<void> | undefined;
  #afterClose: (() => void) | undefined;
  isArmed = false;

  /** @throws {ExportError} if node.exe does not export libuv. */
  constructor(port: HANDLE, onPacket: () => void) {
    this.#port = port;
    this.#onPacket = onPacket;
    this.#send = libuvAddress('uv_async_send');
    callbacks ??= registerCallbacks();
    this.#memory = allocate(waitBytes + uv_handle_size(UV_ASYNC));
    this.#async = this.#memory.address + waitBytes;
    const failed = uv_async_init(uv_default_loop(), this.#async, callbacks.async);
    if (failed !== 0) {
      this.#memory.free();
      throw new ReactorError(
        'ERR_REACTOR_LOOP',
        `uv_async_init failed with libuv's error ${failed}. Use mode: 'thread'.`,
      );
    }
    uv_unref(this.#async);
    watches.set(this.#async, this);
  }

  /** @throws {Win32Error} when the wait pool refuses. */
  arm(): void {
    if (this.isArmed || this.#closed !== undefined) return;
    const { address } = this.#memory;
    const flags = WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD;
    const isRegistered = RegisterWaitForSingleObject(
      address,
      this.#port,
      this.#send,
      this.#async,
      INFINITE,
      flags,
    );
    if (isRegistered === 0) throw lastWin32Error('RegisterWaitForSingleObject');
    this.#wait = this.#memory.readPointer(0);
    this.isArmed = true;
  }

  setRef(isRef: boolean): void {
    if (this.#closed !== undefined || isRef === this.#isRef) return;
    this.#isRef = isRef;
    if (isRef) uv_ref(this.#async);
    else uv_unref(this.#async);
  }

  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#closed = new Promise((resolve) => {
      this.#afterClose = resolve;
    });
    this.#endWait();
    // The handle keeps the process alive until its callback has run, which takes one iteration of
    // the loop.
    uv_close(this.#async, (callbacks as Callbacks).close);
    return this.#closed;
  }

  /**
   * Called at the end of the process, when no callback may enter JavaScript any more. The memory
   * stays allocated.
   */
  abandon(): void {
    if (this.#closed !== undefined) return;
    this.#closed = Promise.resolve();
    this.#endWait();
    uv_close(this.#async, 0);
  }

  /** Called by the callback of the `uv_async_t`. */
  received(): void {
    if (this.#closed !== undefined || !this.isArmed) return;
    this.#endWait();
    this.#onPacket();
  }

  /** Called by the callback of uv_close. The memory is freed after that callback has returned. */
  released(): void {
    watches.delete(this.#async);
    setImmediate(() => {
      this.#memory.free();
      this.#afterClose?.();
    });
  }

  /** Unregisters the wait. Blocks while its callback runs, which is one uv_async_send. */
  #endWait(): void {
    this.isArmed = false;
    if (this.#wait === undefined) return;
    UnregisterWaitEx(this.#wait, INVALID_HANDLE_VALUE);
    this.#wait = undefined;
  }
}

/** The block holds the wait's handle in its first bytes, then the uv_async_t. */
const waitBytes = 8;

interface Callbacks {
  readonly async: number;
  readonly close: number;
}

let callbacks: Callbacks | undefined;
/** The watches by the address of their uv_async_t, until libuv has closed it. */
const watches = new Map<number, WaitPoolWatch>();

/**
 * Registers one pair of callbacks for all watches of the process, because koffi has few callbacks
 * and never frees them.
 */
function registerCallbacks(): Callbacks {
  process.once('exit', () => {
    for (const watch of watches.values()) watch.abandon();
  });
  return {
    async: registerLibuvCallback((handle) => watches.get(handle)?.received()),
    close: registerLibuvCallback((handle) => watches.get(handle)?.released()),
  };
}
