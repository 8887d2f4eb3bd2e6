import { createSimNt, type ProfileName, type SimNt } from 'sim-nt';
import {
  createReactor,
  type PortWatch,
  type PortWatchFactory,
  ThreadShare,
  type ThreadStarter,
} from 'tofu-reactor/internal';
import { describe, expect } from 'vitest';
import type { Over } from './fixture.js';
import { runCases } from './reactor-cases.js';

// The same cases on the simulated kernel, with the behaviour of Wine and with the cited behaviour
// of Windows.
const suites: readonly (readonly [Over, ProfileName, 'eager' | 'lazy'])[] = [
  ['IP', 'wine8', 'lazy'],
  ['IP', 'windows', 'eager'],
  ['IP', 'windows', 'lazy'],
  ['AF_UNIX', 'wine11', 'lazy'],
  ['AF_UNIX', 'windows', 'eager'],
];

/**
 * Replaces the wait pool. In each iteration of Node's loop it lets something arrive. If the watch
 * is armed and the port has a packet then, it reports the packet.
 */
function watchBy(sim: SimNt): PortWatchFactory {
  return (port, onPacket): PortWatch => {
    const memory = sim.kernel.allocate(8);
    let immediate: NodeJS.Immediate | undefined;
    const look = () => {
      // If nothing is on the way, time passes, because the refusal of a connect may take time.
      if (!sim.step()) sim.advance(1);
      sim.kernel.NtQueryIoCompletion(port, 0, memory.address, 4, 0);
      const hasPacket = memory.readU32(0) > 0;
      immediate = hasPacket ? undefined : setImmediate(look);
      if (hasPacket) onPacket();
    };
    return {
      get isArmed() {
        return immediate !== undefined;
      },
      arm() {
        immediate ??= setImmediate(look);
      },
      setRef() {},
      close() {
        clearImmediate(immediate);
        memory.free();
        return Promise.resolve();
      },
    };
  };
}

/**
 * Replaces the I/O thread: removes packets in each iteration of Node's loop, and passes them to
 * the application.
 */
function threadOn(sim: SimNt): ThreadStarter {
  return (data, onPackets) => {
    const share = new ThreadShare(data);
    const memory = sim.kernel.allocate(8);
    const isFilled = () => {
      if (!sim.step()) sim.advance(1);
      sim.kernel.NtQueryIoCompletion(data.port, 0, memory.address, 4, 0);
      return memory.readU32(0) > 0;
    };
    if (share.begin()) share.declare(sim.kernel);
    const ended = new Promise<void>((resolve) => {
      const run = () => {
        if (share.isEnding) {
          memory.free();
          share.finish();
          resolve();
          return;
        }
        if (share.isLent && isFilled() && share.take(sim.kernel)) setImmediate(onPackets);
        setImmediate(run);
      };
      run();
    });
    return { setRef() {}, ended };
  };
}

/** The modes of the reactor. */
export const modes = ['blocking', 'loop', 'thread'] as const;

/** Defines every suite in the chosen modes. */
export function runSimulatedCases(isChosen: (mode: (typeof modes)[number]) => boolean): void {
  for (const [over, profile, network] of suites) {
    for (const mode of modes.filter(isChosen)) {
      describe(`simulated ${profile}, ${network}, over ${over}`, () => {
        runCases({ mode, over, isSimulated: true }, () => {
          const sim = createSimNt({ seed: 20_261_129, profile, network });
          const { kernel, nowMs: now } = sim;
          return {
            mode,
            over,
            kernel,
            isSimulated: true,
            createReactor: (options) =>
              createReactor({
                ...options,
                kernel,
                now,
                watchPort: watchBy(sim),
                startThread: threadOn(sim),
              }),
            verify: () => {
              expect(sim.violations).toEqual([]);
              expect(sim).toMatchObject({ pending: 0, handles: 0, memory: { blocks: 0 } });
            },
          };
        });
      });
    }
  }
}
