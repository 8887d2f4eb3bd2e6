import * as constants from './constants.js';

/** The AFD_POLL_* events: name without the prefix, and bit. Lowest bit first. */
const events = Object.entries<number | bigint>(constants)
  .filter(([name]) => name.startsWith('AFD_POLL_'))
  .map(([name, bit]) => [name.slice('AFD_POLL_'.length), Number(bit)] as const)
  .sort(([, a], [, b]) => a - b);

/**
 * NT's names of the events that are set in an AFD_POLL mask, without the prefix `AFD_POLL_`,
 * lowest bit first. All bits without a name are added as one hexadecimal number.
 */
export function afdPollNames(mask: number): string[] {
  const known = events.filter(([, bit]) => (mask & bit) !== 0);
  const rest = known.reduce((left, [, bit]) => left & ~bit, mask) >>> 0;
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}
