import type { Progress } from './crash.js';
import { WinnodeError } from './errors.js';
import { answersInTime, stateOf, wineserverPid } from './wineserver-process.js';

/** The error for a program whose wineserver ended before the program had started. */
export function unserved(prefix: string, { isStarted }: Progress): WinnodeError {
  const what = isStarted
    ? 'while Windows Node began, which was ended'
    : 'before Windows Node started';
  return new WinnodeError(
    'ERR_WINESERVER',
    `The wineserver of ${prefix} ended ${what}.`,
    'Was it killed? Start the program again.',
  );
}

/** The error for a program that did not start in time and was ended. */
export async function stuck(
  prefix: string,
  limitMs: number,
  { isStarted }: Progress,
): Promise<WinnodeError> {
  const seconds = limitMs / 1_000;
  // The program may start at the very moment at which it is ended.
  const late = isStarted
    ? `Windows Node took more than ${seconds} s to begin, and was ended when it had`
    : `Windows Node did not start within ${seconds} s`;
  const pid = wineserverPid(prefix);
  if (pid === undefined || (await answersInTime(pid, Math.min(limitMs, 2_000)))) {
    const hint = 'Is this machine very busy? WINNODE_START_LIMIT gives it more seconds.';
    return new WinnodeError('ERR_START_LIMIT', `${late}.`, hint);
  }
  return new WinnodeError(
    'ERR_WINESERVER',
    `${late}: the wineserver of ${prefix}, process ${pid}, does not answer${stateOf(pid)}.`,
    `It is ended now unless others use it. If they do: kill -9 ${pid}`,
  );
}
