/** What happened, by name; a run that never gets somewhere proves nothing about it. */
export type Situations = Map<string, number>;

export function count(situations: Situations, name: string, by = 1): void {
  situations.set(name, (situations.get(name) ?? 0) + by);
}

/** How often it must happen in 200,000 operations: about a third of what was seen. */
export const atLeast: Readonly<Record<string, number>> = {
  'call from within the handling of events': 3_000,
  'call that was told of': 3_500,
  'cancels that find nothing': 700,
  'connect that succeeds at once': 200,
  'event changed while the list is read': 35,
  'event passed over': 150,
  'full list': 10_000,
  'AFD handles closed': 450,
  'AFD handles opened': 900,
  'list left in the middle': 150,
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
  'requests put together': 100,
  'told accept': 2_500,
  'told connectFailed': 3_000,
  'told connected': 1_200,
  'told localClosed': 500,
  'told post': 1_500,
  'told priority': 220,
  'told refused': 100,
  'told readClosed': 5_000,
  'told readable': 6_500,
  'told reset': 1_700,
  'told to edge': 3_000,
  'told to level': 10_000,
  'told to oneshot': 1_500,
  'told wake': 2_000,
  'told what was used up meanwhile': 40,
  'told writable': 10_000,
  cancels: 2_700,
  settled: 1_700,
  'unknown packets': 700,
};
