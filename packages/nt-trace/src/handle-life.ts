import type { FunctionName } from 'ntdllx/trace';
import { argumentOf } from './argument-text.js';
import { u64 } from './capture.js';
import type { RawCall } from './raw-call.js';

/**
 * The calls that make a handle, and the parameter that points to the new handle; null if the call
 * returns the handle.
 */
const makers: Partial<Record<FunctionName, string | null>> = {
  NtCreateFile: 'FileHandle',
  NtCreateIoCompletion: 'IoCompletionHandle',
  NtCreateWaitCompletionPacket: 'WaitCompletionPacketHandle',
  NtDuplicateObject: 'TargetHandle',
  CreateEventA: null,
  WSASocketW: null,
  accept: null,
};

const closers: Partial<Record<FunctionName, (raw: RawCall) => boolean>> = {
  NtClose: ({ result }) => result === 0,
  CloseHandle: ({ result }) => result !== 0,
  closesocket: ({ result }) => result === 0,
};

const noHandle = 2n ** 64n - 1n;

/** The handle that a call made; undefined if the call failed or does not make handles. */
export function madeHandle(raw: RawCall): bigint | undefined {
  const parameter = makers[raw.name];
  if (parameter === undefined) return undefined;
  const bytes = parameter === null ? undefined : raw.after[parameter];
  const handle = parameter === null ? BigInt(raw.result) : bytes && u64(bytes);
  return handle === 0n || handle === noHandle ? undefined : handle;
}

/**
 * The handle that a WSAIoctl returned: the base handle or BSP handle of a socket, which belongs to
 * a Winsock provider below the layered ones. Undefined for any other call.
 */
export function baseHandle(raw: RawCall): bigint | undefined {
  const bytes = raw.name === 'WSAIoctl' ? raw.after['lpvOutBuffer'] : undefined;
  return bytes?.byteLength === 8 ? u64(bytes) : undefined;
}

/**
 * Finds out which handles a call closes. This is needed because NT reuses the value of a closed
 * handle.
 */
export class HandleLife {
  /** Base handles that differ from the socket's own handle. The value is the socket that closes them. */
  readonly #sockets = new Map<bigint, bigint>();

  /** @returns the handles that a call closed: closing a socket also closes its base handle. */
  closedBy(raw: RawCall): readonly bigint[] {
    this.#learn(raw);
    if (closers[raw.name]?.(raw) !== true) return [];
    const handle = BigInt(raw.args[0] ?? 0);
    const below = [...this.#sockets].filter(([, socket]) => socket === handle);
    const closed = [handle, ...below.map(([base]) => base)];
    for (const each of closed) this.#sockets.delete(each);
    return closed;
  }

  #learn(raw: RawCall): void {
    const base = baseHandle(raw);
    if (base !== undefined) {
      const asked = BigInt(argumentOf(raw, 's'));
      // The query may itself be about a base handle: the result belongs to the same socket.
      const socket = this.#sockets.get(asked) ?? asked;
      if (base !== socket) this.#sockets.set(base, socket);
    }
    // A new handle may have the value of a handle that is still listed here. Then a call outside
    // the trace closed the old handle.
    const made = madeHandle(raw);
    for (const [below, socket] of made === undefined ? [] : this.#sockets) {
      if (below === made || socket === made) this.#sockets.delete(below);
    }
  }
}
