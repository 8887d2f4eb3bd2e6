import { inspect } from 'node:util';

/** A wrong value as an error message shows it: short, in one line, and never failing itself. */
export function show(value: unknown): string {
  try {
    return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 40 });
  } catch {
    return typeof value;
  }
}
