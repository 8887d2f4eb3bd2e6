import * as constants from './constants.js';

/** The events by name without their prefix, lowest bit first. */
const events = Object.entries<number | bigint>(constants)
  .filter(([name]) => name.startsWith('AFD_POLL_'))
  .map(([name, bit]) => [name.slice('AFD_POLL_'.length), Number(bit)] as const)
  .sort(([, a], [, b]) => a - b);

/**
 * NT's names of the events that are set in a mask of AFD_POLL, without `AFD_POLL_`, lowest bit first;
 * bits that have no name as one hexadecimal number.
 */
export function afdPollNames(mask: number): string[] {
  const known = events.filter(([, bit]) => (mask & bit) !== 0);
  const rest = known.reduce((left, [, bit]) => left & ~bit, mask) >>> 0;
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}
