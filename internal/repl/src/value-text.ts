import { type InspectOptions, inspect } from 'node:util';
import { AFD_POLL_INFO, afdPollNames, NativeStruct, ntStatusName, type StructLayout } from 'ntdllx';
import type { Meaning } from './meanings.js';

type Stylize = InspectOptions & { stylize?(text: string, style: string): string };

/** A text that inspect writes unchanged, in the colour of numbers. */
export class Literal {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  [inspect.custom](_depth: number, { stylize }: Stylize): string {
    return stylize?.(this.#text, 'number') ?? this.#text;
  }
}

/** `STATUS_PENDING (0x103)`. */
export function statusText(status: number): string {
  const name = ntStatusName(status);
  return name.startsWith('0x') ? name : `${name} (0x${status.toString(16)})`;
}

/** Describes the meaning of a number; undefined if it is just a number. */
export function meaningText(
  value: unknown,
  meaning: Meaning | undefined,
  nameOf: (handle: bigint) => string | undefined,
): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  if (
    meaning === undefined ||
    value < 0 ||
    (typeof value === 'number' && !Number.isInteger(value))
  ) {
    return undefined;
  }
  if (meaning === 'status') return value > 0xffff_ffff ? undefined : statusText(Number(value));
  const name = nameOf(BigInt(value));
  return name === undefined ? undefined : `${name} (0x${value.toString(16)})`;
}

/** The maximum number of a poll's sockets that are written. */
const mostHandles = 64;

function fieldsOf(struct: NativeStruct): Record<string, unknown> {
  const { layout } = struct.constructor as unknown as { readonly layout: StructLayout };
  const values = struct as unknown as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(layout.fields)) {
    const value = values[name];
    if (name === 'Handles' && struct instanceof AFD_POLL_INFO) {
      const count = Math.min(struct.NumberOfHandles, mostHandles);
      fields[name] = Array.from({ length: count }, (_, index) => struct.handle(index));
    } else if (name === 'Status') fields[name] = new Literal(statusText(Number(value)));
    else if (name === 'Events') {
      fields[name] = new Literal(afdPollNames(Number(value)).join('|') || '0');
    } else fields[name] = value;
  }
  return fields;
}

/** Makes inspect show the current fields of an NT structure. */
export function showStructs(): void {
  Object.defineProperty(NativeStruct.prototype, inspect.custom, {
    configurable: true,
    value(this: NativeStruct, _depth: number, options: InspectOptions) {
      const { name } = this.constructor;
      try {
        return `${name} ${inspect(fieldsOf(this), { ...options, depth: 3 })}`;
      } catch (error) {
        // The memory is freed, or the structure extends beyond the block.
        return `${name} (${(error as Error).message})`;
      }
    },
  });
}
