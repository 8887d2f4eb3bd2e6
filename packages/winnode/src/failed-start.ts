import type { Progress } from './crash.js';
import { WinnodeError } from './errors.js';
import { answersInTime, stateOf, wineserverPid } from './wineserver-process.js';

/** The error for a program whose wineserver ended while Wine started the program. */
export function unserved(prefix: string, { isStarted }: Progress): WinnodeError {
  const what = isStarted
    ? 'while Windows Node started, so winnode ended Windows Node'
    : 'before Windows Node started';
  return new WinnodeError(
    'ERR_WINESERVER',
    `The wineserver of ${prefix} ended ${what}.`,
    'Probably another program killed it. Run winnode again.',
  );
}

/** The error for a program that winnode ended, because it did not start in time. */
export async function stuck(
  prefix: string,
  limitMs: number,
  { isStarted }: Progress,
): Promise<WinnodeError> {
  const seconds = limitMs / 1_000;
  // The program may start at the moment at which winnode ends it.
  const late = isStarted
    ? `Windows Node needed more than ${seconds} s to start, so winnode ended it`
    : `Windows Node did not start within ${seconds} s`;
  const pid = wineserverPid(prefix);
  if (pid === undefined || (await answersInTime(pid, Math.min(limitMs, 2_000)))) {
    const hint = 'Probably this machine is busy. Allow more time: WINNODE_START_LIMIT=SECONDS.';
    return new WinnodeError('ERR_START_LIMIT', `${late}.`, hint);
  }
  return new WinnodeError(
    'ERR_WINESERVER',
    `${late}: the wineserver of ${prefix}, process ${pid}, does not answer${stateOf(pid)}.`,
    `winnode ends it unless other programs use it. Otherwise end it yourself: kill -9 ${pid}`,
  );
}
