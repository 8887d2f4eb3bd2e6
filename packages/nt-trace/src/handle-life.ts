import type { FunctionName } from 'ntdllx/trace';
import { argumentOf } from './argument-text.js';
import { u64 } from './capture.js';
import type { RawCall } from './raw-call.js';

/** What makes a handle, and the parameter that points to it; null where the call returns it. */
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

/** The handle that a call made; undefined if it made none, or failed. */
export function madeHandle(raw: RawCall): bigint | undefined {
  const parameter = makers[raw.name];
  if (parameter === undefined) return undefined;
  const bytes = parameter === null ? undefined : raw.after[parameter];
  const handle = parameter === null ? BigInt(raw.result) : bytes && u64(bytes);
  return handle === 0n || handle === noHandle ? undefined : handle;
}

/** The handle below a socket, which a call asked for; undefined for any other call. */
export function baseHandle(raw: RawCall): bigint | undefined {
  const bytes = raw.name === 'WSAIoctl' ? raw.after['lpvOutBuffer'] : undefined;
  return bytes?.byteLength === 8 ? u64(bytes) : undefined;
}

/** Which handles go with which: NT gives the value of a closed one to the next. */
export class HandleLife {
  /** Handles below sockets, where they are not the sockets' own: to the sockets that close them. */
  readonly #sockets = new Map<bigint, bigint>();

  /** @returns the handles that a call closed: a socket's base handle goes with it. */
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
      // Asked of a handle below a socket: still that socket's.
      const socket = this.#sockets.get(asked) ?? asked;
      if (base !== socket) this.#sockets.set(base, socket);
    }
    // Its value was closed by a call that the trace did not see.
    const made = madeHandle(raw);
    for (const [below, socket] of made === undefined ? [] : this.#sockets) {
      if (below === made || socket === made) this.#sockets.delete(below);
    }
  }
}
