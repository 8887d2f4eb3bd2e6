import { inspect } from 'node:util';

/**
 * A value as an error shows it: one line, not endless. Runs none of the value's own code, so it
 * cannot throw.
 */
export function show(value: unknown): string {
  return inspect(value, {
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
    customInspect: false,
    maxArrayLength: 3,
    maxStringLength: 120,
  }).replace(/\s*\n\s*/g, ' ');
}
