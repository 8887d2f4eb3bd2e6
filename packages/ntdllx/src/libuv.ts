/**
 * Functions of libuv that node.exe exports, looked up in the running executable. Only Node's main
 * thread may use them: a worker's loop is not the default loop, which belongs to the main thread.
 *
 * Names and arguments are those of libuv's uv.h, 1.x. Which names are exported was seen of Node
 * 22.23.3; another executable is asked.
 *
 * @packageDocumentation
 */
import { ExportError } from './errors.js';
import { loadKoffi } from './loader.js';
import type { Address } from './ntdll.js';

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

/** uv_handle_type of a uv_async_t (uv.h). */
export const UV_ASYNC = 1;

/** uv_handle_type of a uv_poll_t (uv.h). */
export const UV_POLL = 8;
/** uv_poll_event (uv.h). */
export const UV_READABLE = 1;

/** The functions that are called, as koffi types: what each returns, and what it takes. */
const signatures = {
  uv_default_loop: ['uintptr_t', []],
  uv_handle_size: ['size_t', ['int']],
  uv_async_init: ['int', ['uintptr_t', 'uintptr_t', 'uintptr_t']],
  uv_async_send: ['int', ['uintptr_t']],
  uv_close: ['void', ['uintptr_t', 'uintptr_t']],
  uv_ref: ['void', ['uintptr_t']],
  uv_unref: ['void', ['uintptr_t']],
} as const;

/** Not needed to live in Node's loop: libuv's own polling of sockets. */
const pollSignatures = {
  uv_poll_init_socket: ['int', ['uintptr_t', 'uintptr_t', 'uintptr_t']],
  uv_poll_start: ['int', ['uintptr_t', 'int', 'uintptr_t']],
  uv_poll_stop: ['int', ['uintptr_t']],
} as const;

const allSignatures = { ...signatures, ...pollSignatures };

/** The name of a function of this module. */
export type LibuvFunction = keyof typeof allSignatures;

/** All that it takes to live in Node's loop. */
export const libuvFunctions = Object.keys(signatures) as LibuvFunction[];

type NativeFunction = (...args: (number | bigint)[]) => number;

let library: Library | undefined;
const loaded = new Map<LibuvFunction, NativeFunction>();

function openNode(call: string): Library {
  library ??= loadKoffi(call).load(process.execPath);
  return library;
}

function find(name: LibuvFunction): NativeFunction {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const [returns, params] = allSignatures[name];
  let made: NativeFunction;
  try {
    made = openNode(name).func(name, returns, [...params]) as NativeFunction;
  } catch (cause) {
    if (library === undefined) throw cause;
    throw new ExportError(name, process.execPath, cause);
  }
  loaded.set(name, made);
  return made;
}

/**
 * Those of {@link libuvFunctions} that the running executable does not export; empty where loop
 * integration is possible.
 *
 * @throws {HostError} where there is no NT.
 */
export function missingLibuvFunctions(): LibuvFunction[] {
  return libuvFunctions.filter((name) => {
    try {
      find(name);
      return false;
    } catch (error) {
      if (error instanceof ExportError) return true;
      throw error;
    }
  });
}

/**
 * Where an exported function is, for native code that calls it. Never 0.
 *
 * @throws {ExportError} where it is not exported.
 */
export function libuvAddress(name: LibuvFunction): Address {
  find(name);
  return Number(loadKoffi(name).address(openNode(name).symbol(name)));
}

/** The main thread's loop. */
export const uv_default_loop = (): Address => Number(find('uv_default_loop')());

/** How many bytes a handle of a type has; the memory is the caller's. */
export const uv_handle_size = (type: number): number => Number(find('uv_handle_size')(type));

/**
 * Initializes a uv_async_t and starts it: it holds the process open until {@link uv_unref}. The memory
 * is libuv's until the callback of {@link uv_close} ran.
 *
 * @param callback from {@link registerLibuvCallback}. @returns 0, or libuv's negative error number.
 */
export const uv_async_init = (loop: Address, async: Address, callback: Address): number =>
  find('uv_async_init')(loop, async, callback);

/** Has the loop call the handle's callback; sends before that are one call. Any thread may send. */
export const uv_async_send = (async: Address): number => find('uv_async_send')(async);

/** Closes a handle; its callback is not called any more. @param callback 0 for none. */
export const uv_close = (handle: Address, callback: Address): void => {
  find('uv_close')(handle, callback);
};

/** The handle holds the process open; the initial state. */
export const uv_ref = (handle: Address): void => {
  find('uv_ref')(handle);
};

/** The handle does not hold the process open. */
export const uv_unref = (handle: Address): void => {
  find('uv_unref')(handle);
};

/**
 * Initializes a uv_poll_t for a socket, which becomes non-blocking. The memory is libuv's until the
 * callback of {@link uv_close} ran.
 *
 * @returns 0, or libuv's negative error number.
 */
export const uv_poll_init_socket = (loop: Address, poll: Address, socket: Address): number =>
  find('uv_poll_init_socket')(loop, poll, socket);

/**
 * Polls a socket for uv_poll_event bits until {@link uv_poll_stop}.
 *
 * @param callback from {@link registerLibuvPollCallback}. @returns as {@link uv_poll_init_socket}.
 */
export const uv_poll_start = (poll: Address, events: number, callback: Address): number =>
  find('uv_poll_start')(poll, events, callback);

/** Ends the polling; its callback is not called any more. */
export const uv_poll_stop = (poll: Address): number => find('uv_poll_stop')(poll);

let pollCallbackType: ReturnType<Koffi['pointer']> | undefined;

/** As {@link registerLibuvCallback}, for a uv_poll_cb: a handle, a status, and uv_poll_event bits. */
export function registerLibuvPollCallback(
  callback: (handle: Address, status: number, events: number) => void,
): Address {
  const koffi = loadKoffi('registerLibuvPollCallback');
  pollCallbackType ??= koffi.pointer(
    koffi.proto('ntdllx_uv_poll_cb', 'void', ['uintptr_t', 'int', 'int']),
  );
  const enter = (handle: number | bigint, status: number, events: number) =>
    callback(Number(handle), status, events);
  return Number(koffi.register(enter, pollCallbackType));
}

let callbackType: ReturnType<Koffi['pointer']> | undefined;

/**
 * Makes native code of a function that takes a handle's address: a uv_async_cb or a uv_close_cb. It
 * may only be entered on this thread, from libuv's loop, and must not throw. It is never given back:
 * a process has 8,192 of them (koffi 3), so register once and identify handles by address.
 */
export function registerLibuvCallback(callback: (handle: Address) => void): Address {
  const koffi = loadKoffi('registerLibuvCallback');
  callbackType ??= koffi.pointer(koffi.proto('ntdllx_uv_cb', 'void', ['uintptr_t']));
  const entry = koffi.register((handle: number | bigint) => callback(Number(handle)), callbackType);
  return Number(entry);
}
