import { createSimNt } from 'sim-nt';
import { crossSection } from 'test-kit';
import { createReactor } from 'tofu-reactor/internal';
import { expect, test } from 'vitest';
import { modes, runSimulatedCases } from './simulated-cases.js';
import { runThrowing, thrown } from './throwing.js';

// Each suite in one mode, by turns; the siege runs each suite in all modes.
runSimulatedCases(crossSection(modes));

test.each(['blocking'])(
  'an exception of a callback is an uncaught error, and other connections continue [%s]',
  (mode) => {
    expect(runThrowing(mode)).toEqual(thrown(true));
  },
);

test('on a simulated kernel loop mode is refused, and auto gives the reason', () => {
  const { kernel } = createSimNt({ seed: 1 });
  expect(() => createReactor({ kernel, mode: 'loop' })).toThrow(/the kernel is a simulated one/);
  const reactor = createReactor({ kernel });
  expect(reactor.inspect()).toMatchObject({
    mode: 'blocking',
    reason: expect.stringContaining('simulated'),
  });
  return reactor.close();
});
