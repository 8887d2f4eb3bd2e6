import { inspect } from 'node:util';

const mostChars = 200;

/**
 * A wrong value as an error shows it: one line, not endless. Never fails: what a getter of the value
 * throws, of the few that `inspect` asks, is not passed on.
 */
export function showValue(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 0,
      breakLength: Number.POSITIVE_INFINITY,
      customInspect: false,
      maxArrayLength: 3,
      maxStringLength: 120,
    }).replace(/\s*\n\s*/g, ' ');
    return text.length > mostChars ? `${text.slice(0, mostChars)}…` : text;
  } catch {
    return typeof value;
  }
}
