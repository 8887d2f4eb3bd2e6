/** Counts situations by name. A run that never reaches a situation proves nothing about it. */
export type Situations = Map<string, number>;

export function count(situations: Situations, name: string, by = 1): void {
  situations.set(name, (situations.get(name) ?? 0) + by);
}

/**
 * How often each situation must occur in 200,000 operations: about a third of the observed number.
 */
export const atLeast: Readonly<Record<string, number>> = {
  'call from within the handling of events': 3_000,
  'call after a report': 3_500,
  'cancels that find nothing': 700,
  'connect that succeeds at once': 200,
  'event changed while the list is read': 35,
  'event skipped': 150,
  'full list': 10_000,
  'AFD handles closed': 450,
  'AFD handles opened': 900,
  'iteration ended early': 150,
  'wait from within the handling of events': 300,
  'injected acceptReset': 80,
  'injected cancelRace': 500,
  'injected displaced': 400,
  'injected late': 500,
  'injected pendingAlthoughDone': 900,
  'injected postFails': 350,
  'injected refuse': 400,
  'packet of an earlier poll': 1_200,
  'poller closed': 450,
  'polls that succeed at once': 18_000,
  'registration dropped for STATUS_INVALID_HANDLE': 80,
  'remote change that is certain': 120,
  'requests coalesced': 100,
  'reported accept': 2_500,
  'reported connectFailed': 3_000,
  'reported connected': 1_200,
  'reported localClosed': 500,
  'reported post': 1_500,
  'reported priority': 220,
  'reported refused': 100,
  'reported readClosed': 5_000,
  'reported readable': 6_500,
  'reported reset': 1_700,
  'reported, mode edge': 3_000,
  'reported, mode level': 10_000,
  'reported, mode oneshot': 1_500,
  'reported wake': 2_000,
  'reported and consumed meanwhile': 40,
  'reported writable': 10_000,
  cancels: 2_700,
  settled: 1_700,
  'unknown packets': 700,
};
