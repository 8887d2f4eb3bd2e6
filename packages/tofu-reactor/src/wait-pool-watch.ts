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
 * A thread of the system's wait pool waits for the port's handle. Its callback is Node's own exported
 * `uv_async_send`, called by that thread directly: no JavaScript runs there. libuv then enters the
 * callback of the `uv_async_t` on the main thread.
 *
 * Memory: one block holds the wait's handle and the `uv_async_t`. Two others use it: the wait pool,
 * until UnregisterWaitEx with INVALID_HANDLE_VALUE returned, and libuv, until the callback of uv_close
 * ran. It is freed after both. At the end of the process neither is waited for, and it stays allocated.
 *
 * That a port's handle can be waited for is not documented for Windows, so it is probed first:
 * `probePortWait`. Wine 8 and 10: measured.
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

  /** @throws {ExportError} where node.exe does not export libuv. */
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
      throw new ReactorError('ERR_REACTOR_LOOP', `uv_async_init failed with libuv's ${failed}.`);
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
    // Until its callback ran the handle holds the process open, for one turn of the loop.
    uv_close(this.#async, (callbacks as Callbacks).close);
    return this.#closed;
  }

  /** The process ends: nothing may enter JavaScript from here on. Its memory stays allocated. */
  abandon(): void {
    if (this.#closed !== undefined) return;
    this.#closed = Promise.resolve();
    this.#endWait();
    uv_close(this.#async, 0);
  }

  /** libuv entered the async's callback. */
  received(): void {
    if (this.#closed !== undefined || !this.isArmed) return;
    this.#endWait();
    this.#onPacket();
  }

  /** libuv does not use the handle any more; the memory is freed once its callback has returned. */
  released(): void {
    watches.delete(this.#async);
    setImmediate(() => {
      this.#memory.free();
      this.#afterClose?.();
    });
  }

  /** Blocks for as long as the wait's callback runs, which is one uv_async_send. */
  #endWait(): void {
    this.isArmed = false;
    if (this.#wait === undefined) return;
    UnregisterWaitEx(this.#wait, INVALID_HANDLE_VALUE);
    this.#wait = undefined;
  }
}

/** The wait's handle comes first, the uv_async_t behind it. */
const waitBytes = 8;

interface Callbacks {
  readonly async: number;
  readonly close: number;
}

let callbacks: Callbacks | undefined;
/** The watches that libuv knows, by the address of their uv_async_t. */
const watches = new Map<number, WaitPoolWatch>();

/** One pair for all watches of the process: koffi's callbacks are few, and kept for good. */
function registerCallbacks(): Callbacks {
  process.once('exit', () => {
    for (const watch of watches.values()) watch.abandon();
  });
  return {
    async: registerLibuvCallback((handle) => watches.get(handle)?.received()),
    close: registerLibuvCallback((handle) => watches.get(handle)?.released()),
  };
}
