import type { NativeArgument } from 'ntdllx/trace';

/** What a handle is a handle of. */
export type HandleKind = 'port' | 'socket' | 'event' | 'afd' | 'file' | 'waitpacket';

/**
 * Names for handles and addresses: `port#1`, `socket#3`, `&iosb#2`. A name is given when the handle
 * is made, and never again: NT uses the value of a closed handle for the next one.
 */
export class HandleNames {
  readonly #names = new Map<bigint, string>();
  readonly #addresses = new Map<bigint, string>();
  readonly #counts = new Map<string, number>();
  readonly #suffix: string;

  /** @param suffix ends every name: two threads that know nothing of each other need different ones. */
  constructor(suffix = '') {
    this.#suffix = suffix;
  }

  #next(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}#${count}${this.#suffix}`;
  }

  /** A handle was made. @returns its name. */
  made(handle: NativeArgument, kind: HandleKind): string {
    const name = this.#next(kind);
    this.#names.set(BigInt(handle), name);
    return name;
  }

  /** A handle goes by another one's name, too: the base handle of a socket. */
  alias(handle: NativeArgument, name: string): void {
    if (!this.#names.has(BigInt(handle))) this.#names.set(BigInt(handle), name);
  }

  /** A handle was closed: its value may come back as something else. */
  closed(handle: NativeArgument): void {
    this.#names.delete(BigInt(handle));
  }

  /** What a handle is called, or undefined for one whose making was not seen. */
  find(handle: NativeArgument): string | undefined {
    return this.#names.get(BigInt(handle));
  }

  /** Every handle that was made and not closed, in the order in which they were made. */
  open(): [handle: bigint, name: string][] {
    return [...this.#names];
  }

  /** A handle as text. */
  of(handle: NativeArgument): string {
    if (BigInt(handle) === 0n) return 'null';
    return this.find(handle) ?? `0x${handle.toString(16)}`;
  }

  /** An address of something whose kind is known, such as `&iosb#1`. The same address, the same name. */
  address(at: NativeArgument, kind: 'iosb' | 'info'): string {
    if (BigInt(at) === 0n) return 'null';
    const known = this.#addresses.get(BigInt(at));
    if (known !== undefined) return known;
    const name = `&${this.#next(kind)}`;
    this.#addresses.set(BigInt(at), name);
    return name;
  }

  /** The name of an address that has one. */
  findAddress(at: NativeArgument): string | undefined {
    return this.#addresses.get(BigInt(at));
  }
}
