import { formatAddress, parseAddress, SktError } from 'tofu-sockets';
import { decodeSockaddr, encodeSockaddr } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { RandomTexts } from './random-texts.js';

const texts = 1_000_000;
const given = Number(process.env['TEXT_SEED']);
const seed = Number.isInteger(given) && given !== 0 ? given : Date.now() % 2 ** 31;

/** Throws unless the answer about a text is all that it has to be. */
function check(text: string, side: 'server' | 'client'): 'address' | 'none' {
  const { address, error } = parseAddress(text, side);
  if (address === undefined) {
    const isSaid = error instanceof SktError && error.code === 'ERR_ADDRESS';
    if (!isSaid || error.message.length > 500) throw new Error('an unclear error');
    return 'none';
  }
  if (error !== undefined) throw new Error('an address and an error');
  if (!address.kind.endsWith(side)) throw new Error(`an address of a ${address.kind}`);
  if (formatAddress(address) !== text) throw new Error(`written back as ${formatAddress(address)}`);
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

test(`1,000,000 random texts: none throws, none is cut; TEXT_SEED=${seed}`, {
  timeout: 120_000,
}, () => {
  const source = new RandomTexts(seed);
  const seen = { address: 0, none: 0 };
  // An error is made for most of the texts; where it was made is not asked.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    for (let count = 0; count < texts; count += 1) {
      const text = source.next();
      const side = count % 2 === 0 ? 'server' : 'client';
      try {
        seen[check(text, side)] += 1;
      } catch (error) {
        throw new Error(`text ${count} ${JSON.stringify(text)} of a ${side}: ${error}`);
      }
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  // Both sides of the border were looked at.
  expect(seen.address + seen.none).toBe(texts);
  expect(seen.address).toBeGreaterThan(texts / 10);
  expect(seen.none).toBeGreaterThan(texts / 10);
});

test('what is an address is taken: 20,000 of them', () => {
  const source = new RandomTexts(seed);
  for (let count = 0; count < 20_000; count += 1) {
    const text = source.valid();
    const { error } = parseAddress(text, 'client');
    if (error !== undefined) throw new Error(`${JSON.stringify(text)}: ${error.message}`);
  }
});
