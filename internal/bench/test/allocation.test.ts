import { LoadedPoller, presetNames } from '@tofu-nt/bench';
import { verifyPoller } from 'afd-poller/internal';
import { expect, test } from 'vitest';
import { expectNoAllocation } from './allocation.js';

// allocation.siege.test.ts tests the other presets, too.
test('an event of the engine allocates nothing [batched]', () => expectNoAllocation('batched'));

const cases = presetNames.flatMap((preset) => [
  { preset, succeedsAtOnce: false },
  { preset, succeedsAtOnce: true },
]);
test.each(cases)(
  'the kernel stub without cost reports each ready socket once per wait %o',
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
