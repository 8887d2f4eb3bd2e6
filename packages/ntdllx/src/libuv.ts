/**
 * Functions of libuv that node.exe exports, looked up in the running executable. Only Node's main
 * thread may use them: a worker's loop is not the default loop, which belongs to the main thread.
 *
 * Names and arguments are those of libuv's uv.h, 1.x. Node 22.23.3 exports all of them. For
 * another executable {@link missingLibuvFunctions} looks them up.
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

/** The functions of this module in koffi's types: result, then parameters. */
const signatures = {
  uv_default_loop: ['uintptr_t', []],
  uv_handle_size: ['size_t', ['int']],
  uv_async_init: ['int', ['uintptr_t', 'uintptr_t', 'uintptr_t']],
  uv_async_send: ['int', ['uintptr_t']],
  uv_close: ['void', ['uintptr_t', 'uintptr_t']],
  uv_ref: ['void', ['uintptr_t']],
  uv_unref: ['void', ['uintptr_t']],
} as const;

/** libuv's own polling of sockets. Loop integration does not need it. */
const pollSignatures = {
  uv_poll_init_socket: ['int', ['uintptr_t', 'uintptr_t', 'uintptr_t']],
  uv_poll_start: ['int', ['uintptr_t', 'int', 'uintptr_t']],
  uv_poll_stop: ['int', ['uintptr_t']],
} as const;

const allSignatures = { ...signatures, ...pollSignatures };

/** The name of a function of this module. */
export type LibuvFunction = keyof typeof allSignatures;

/** The functions that loop integration needs. */
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
 * Those of {@link libuvFunctions} that the running executable does not export. If the list is
 * empty, loop integration is possible.
 *
 * @throws {HostError} if the host is not NT.
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
 * The address of an exported function, for native code that calls it. Never 0.
 *
 * @throws {ExportError} if the executable does not export it.
 */
export function libuvAddress(name: LibuvFunction): Address {
  find(name);
  return Number(loadKoffi(name).address(openNode(name).symbol(name)));
}

/** The main thread's loop. */
export const uv_default_loop = (): Address => Number(find('uv_default_loop')());

/** How many bytes a handle of this type needs. The caller allocates them. */
export const uv_handle_size = (type: number): number => Number(find('uv_handle_size')(type));

/**
 * Initializes a uv_async_t. The handle keeps the process alive until {@link uv_unref}. libuv owns
 * the memory until the callback of {@link uv_close} has run.
 *
 * @param callback from {@link registerLibuvCallback}. @returns 0, or libuv's negative error
 *   number.
 */
export const uv_async_init = (loop: Address, async: Address, callback: Address): number =>
  find('uv_async_init')(loop, async, callback);

/**
 * Makes the loop call the handle's callback. Several sends before the loop gets there cause one
 * call. Any thread may send.
 */
export const uv_async_send = (async: Address): number => find('uv_async_send')(async);

/** Closes a handle; the loop no longer calls the handle's callback. @param callback 0 for none. */
export const uv_close = (handle: Address, callback: Address): void => {
  find('uv_close')(handle, callback);
};

/** Makes the handle keep the process alive, which is the initial state. */
export const uv_ref = (handle: Address): void => {
  find('uv_ref')(handle);
};

/** Makes the handle no longer keep the process alive. */
export const uv_unref = (handle: Address): void => {
  find('uv_unref')(handle);
};

/**
 * Initializes a uv_poll_t for a socket, which becomes non-blocking. The memory is libuv's until
 * the callback of {@link uv_close} ran.
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

/** Ends the polling; the loop no longer calls the handle's callback. */
export const uv_poll_stop = (poll: Address): number => find('uv_poll_stop')(poll);

let pollCallbackType: ReturnType<Koffi['pointer']> | undefined;

/**
 * As {@link registerLibuvCallback}, for a uv_poll_cb: a handle, a status, and uv_poll_event bits.
 */
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
 * Makes a native callback from a function that takes a handle's address: a uv_async_cb or a
 * uv_close_cb. Only libuv's loop on this thread may call it, and it must not throw. It cannot be
 * freed, and a process can have 8,192 of them (koffi 3): register one callback for all handles and
 * distinguish the handles by address.
 */
export function registerLibuvCallback(callback: (handle: Address) => void): Address {
  const koffi = loadKoffi('registerLibuvCallback');
  callbackType ??= koffi.pointer(koffi.proto('ntdllx_uv_cb', 'void', ['uintptr_t']));
  const entry = koffi.register((handle: number | bigint) => callback(Number(handle)), callbackType);
  return Number(entry);
}
