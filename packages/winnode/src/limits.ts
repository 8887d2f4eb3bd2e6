import { WinnodeError } from './errors.js';

/** The longest time that a timer of Node can wait. */
const longestMs = 2 ** 31 - 1;

/** What {@link parseSeconds} takes, in words. */
export const secondsRange = `from 0.001 to ${Math.floor(longestMs / 1_000)}`;

/** Reads a number of seconds as milliseconds; undefined unless it is more than 0 and can be waited. */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const limitMs = Math.round(Number(text) * 1_000);
  return limitMs >= 1 && limitMs <= longestMs ? limitMs : undefined;
}

/** A time limit that a program gave; undefined is none. @throws {WinnodeError} `ERR_USAGE`. */
export function requireLimitMs(limitMs: number | undefined): number | undefined {
  if (limitMs === undefined || (limitMs >= 1 && limitMs <= longestMs)) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    `timeLimitMs is ${limitMs}.`,
    `Give a number of milliseconds from 1 to ${longestMs}.`,
  );
}

/**
 * How long Wine and Windows Node may take to start, in milliseconds: `WINNODE_START_LIMIT`, in
 * seconds, or 60 s. Starting takes 2 s on a laptop.
 *
 * @throws {WinnodeError} `ERR_USAGE` for a value that is none.
 */
export function startLimitMs(env: NodeJS.ProcessEnv): number {
  const asked = env['WINNODE_START_LIMIT'];
  if (!asked) return 60_000;
  const limitMs = parseSeconds(asked);
  if (limitMs !== undefined) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    `WINNODE_START_LIMIT is "${asked}".`,
    `Give a number of seconds ${secondsRange}, for example 60, or unset it.`,
  );
}
