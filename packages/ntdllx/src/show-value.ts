import { inspect } from 'node:util';

const mostChars = 200;

/**
 * Formats a wrong value for an error message: one line of limited length. Never throws. If
 * `inspect` runs a getter of the value and that getter throws, the result is only the value's
 * type.
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
