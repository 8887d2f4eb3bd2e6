import { wineEnvironment } from './environment.js';

/** A word as a POSIX shell needs it. */
export function quotedWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A line for a shell that runs a program of Wine as winnode does: on the same prefix and, because
 * the TMPDIR decides which wineserver serves it, with the same TMPDIR.
 */
export function byHand(
  prefix: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { TMPDIR = '/tmp' } = wineEnvironment(prefix, env);
  const temporary = TMPDIR === (env['TMPDIR'] ?? '/tmp') ? [] : [`TMPDIR=${quotedWord(TMPDIR)}`];
  return [...temporary, `WINEPREFIX=${quotedWord(prefix)}`, ...words.map(quotedWord)].join(' ');
}
