import { checkRuns } from 'test-kit';
import { formatAddress, parseAddress, SktError } from 'tofu-sockets';
import { decodeSockaddr, encodeSockaddr } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { RandomTexts } from './random-texts.js';

/** Throws unless parseAddress returns a correct result for a text. */
function check(text: string, side: 'server' | 'client'): 'address' | 'none' {
  const { address, error } = parseAddress(text, side);
  if (address === undefined) {
    const isSaid = error instanceof SktError && error.code === 'ERR_ADDRESS';
    if (!isSaid || error.message.length > 500) throw new Error(`an unclear error: ${error}`);
    return 'none';
  }
  if (error !== undefined) throw new Error('an address and an error');
  if (!address.kind.endsWith(side)) throw new Error(`an address of a ${address.kind}`);
  if (formatAddress(address) !== text) throw new Error(`formatted as ${formatAddress(address)}`);
  if ('path' in address) {
    const bytes = Buffer.from(encodeSockaddr(address));
    const end = bytes.indexOf(0, 2);
    if (bytes.toString('utf8', 2, end) !== text.slice(4)) throw new Error('not all of the path');
    return 'address';
  }
  if ('isName' in address && address.isName) return 'address';
  const bytes = encodeSockaddr(address);
  const decoded = decodeSockaddr(bytes);
  if (decoded === undefined || decoded.port !== address.port) throw new Error('another port');
  if (Buffer.compare(encodeSockaddr(decoded), bytes) !== 0) throw new Error('other bytes');
  return 'address';
}

/**
 * Parses random texts. parseAddress must throw for none and shorten none, and many texts must be
 * valid and many invalid.
 */
export function checkRandomTexts(texts: number): void {
  const seen = { address: 0, none: 0 };
  // Most texts give an error, and the test does not need its stack trace.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const { runs, path } = checkRuns(texts, (choices, run) => {
      const text = new RandomTexts(choices).next();
      const side = run % 2 === 0 ? 'server' : 'client';
      try {
        seen[check(text, side)] += 1;
      } catch (error) {
        throw new Error(
          `The check of the address ${JSON.stringify(text)} of a ${side} failed: ${error}`,
        );
      }
    });
    if (path !== undefined) return;
    expect(seen.address + seen.none).toBe(runs);
    expect(seen.address).toBeGreaterThan(runs / 10);
    expect(seen.none).toBeGreaterThan(runs / 10);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
