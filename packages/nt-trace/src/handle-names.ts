import type { NativeArgument } from 'ntdllx/trace';

/** The kind of object that a handle refers to. */
export type HandleKind = 'port' | 'socket' | 'event' | 'afd' | 'file' | 'waitpacket';

/**
 * Names for handles and addresses: `port#1`, `socket#3`, `&iosb#2`. If the program gave a name to
 * the handle, that follows: `port#2 "reactor"`. Each new handle gets a new name, also if it has the
 * value of a closed handle, because NT reuses such values.
 */
export class HandleNames {
  readonly #names = new Map<bigint, string>();
  readonly #addresses = new Map<bigint, string>();
  readonly #counts = new Map<string, number>();
  readonly #suffix: string;

  /**
   * @param suffix the end of every name. Threads that are traced separately need different
   *   suffixes.
   */
  constructor(suffix = '') {
    this.#suffix = suffix;
  }

  #next(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}#${count}${this.#suffix}`;
  }

  /**
   * Gives a new handle its name.
   *
   * @param label the program's own name for the handle. @returns the name.
   */
  made(handle: NativeArgument, kind: HandleKind, label?: string): string {
    const name = labelled(this.#next(kind), label);
    this.#names.set(BigInt(handle), name);
    return name;
  }

  /** Adds the program's own name to the name of a handle from now on. */
  label(handle: NativeArgument, label: string): void {
    const name = this.find(handle);
    if (name !== undefined) this.#names.set(BigInt(handle), labelled(name, label));
  }

  /** Gives a handle the name of another one; used for the base handle of a socket. */
  alias(handle: NativeArgument, name: string): void {
    if (!this.#names.has(BigInt(handle))) this.#names.set(BigInt(handle), name);
  }

  /** Forgets a closed handle, because NT may reuse its value. */
  closed(handle: NativeArgument): void {
    this.#names.delete(BigInt(handle));
  }

  /** The name of a handle; undefined for a handle that was made before the trace began. */
  find(handle: NativeArgument): string | undefined {
    return this.#names.get(BigInt(handle));
  }

  /** Every handle that was made and not closed, in the order in which they were made. */
  open(): [handle: bigint, name: string][] {
    return [...this.#names];
  }

  /** A handle as text: its name, or its value in hexadecimal if it has no name. */
  of(handle: NativeArgument): string {
    if (BigInt(handle) === 0n) return 'null';
    return this.find(handle) ?? `0x${handle.toString(16)}`;
  }

  /** The name of an address, such as `&iosb#1`. The same address always has the same name. */
  address(at: NativeArgument, kind: 'iosb' | 'info'): string {
    if (BigInt(at) === 0n) return 'null';
    const known = this.#addresses.get(BigInt(at));
    if (known !== undefined) return known;
    const name = `&${this.#next(kind)}`;
    this.#addresses.set(BigInt(at), name);
    return name;
  }

  /** The name of an address; undefined if it has none. */
  findAddress(at: NativeArgument): string | undefined {
    return this.#addresses.get(BigInt(at));
  }
}

function labelled(name: string, label: string | undefined): string {
  return label === undefined ? name : `${name} "${label}"`;
}
