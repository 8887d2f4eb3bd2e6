import { execFileSync } from 'node:child_process';
import {
  type Allocation,
  allocationFlags,
  eventsScript,
  LoadedPoller,
  presetNames,
} from '@tofu-nt/bench';
import { verifyPoller } from 'afd-poller/internal';
import { expect, test } from 'vitest';

// The engine allocates nothing per event: bytes above 0 are V8's own allocations during the
// measurement. One boxed number would be 16 bytes. A wait allocates the iterator of its list and
// the clock's result, about 110 bytes.
const mostBytesPerEvent = 1;
const mostBytesPerWait = 200;

test.each(presetNames)('an event of the engine allocates nothing [%s]', (preset) => {
  const args = [...allocationFlags, eventsScript, preset, 'allocation'];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const { allocation, atOnceAllocation } = JSON.parse(said) as Record<string, Allocation>;
  for (const [what, seen] of [
    ['polls that pend', allocation as Allocation],
    ['polls that succeed at once', atOnceAllocation as Allocation],
  ] as const) {
    const { bytesPerEvent, bytesPerWait } = seen;
    console.log(
      `[${preset}] ${what}: ${bytesPerEvent.toFixed(2)} bytes an event, ${bytesPerWait.toFixed()} a wait`,
    );
    expect(bytesPerEvent, what).toBeLessThan(mostBytesPerEvent);
    expect(bytesPerWait, what).toBeLessThan(mostBytesPerWait);
  }
});

const cases = presetNames.flatMap((preset) => [
  { preset, succeedsAtOnce: false },
  { preset, succeedsAtOnce: true },
]);
test.each(cases)(
  'the kernel without a cost reports each ready socket once a wait %o',
  ({ preset, succeedsAtOnce }) => {
    const loaded = new LoadedPoller(preset, 500, { succeedsAtOnce });
    expect(loaded.turns(10)).toBe(640);
    const tokens = [...loaded.poller.wait(0, loaded.events)].flatMap((event) =>
      event.kind === 'socket' ? [event.token] : [],
    );
    expect(tokens.sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, token) => token));
    verifyPoller(loaded.poller);
    loaded.poller.close();
    expect(loaded.poller.inspect()).toMatchObject({ isOpen: false, pending: 0 });
  },
);
