import type { Kernel } from 'ntdllx';
import { createSimNt, type SimNt, type SimNtOptions } from 'sim-nt';
import type { Reactor, ReactorOptions } from 'tofu-reactor';
import { createReactor } from 'tofu-reactor/internal';
import { expect } from 'vitest';

/** A reactor in the mode `blocking` on a simulated kernel of its own. The test performs its turns. */
export interface SimulatedReactor {
  readonly sim: SimNt;
  readonly reactor: Reactor;
  /** Performs turns until a condition holds. */
  until(holds: () => boolean): Promise<void>;
  /** Closes the reactor, and checks that nothing is left. */
  close(): Promise<void>;
}

const mostTurns = 300;
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

/** @param adapt replaces functions of the kernel, for the reactor only. */
export function simulatedReactor(
  options: Partial<SimNtOptions> & ReactorOptions = {},
  adapt = (kernel: SimNt['kernel']) => kernel,
): SimulatedReactor {
  const sim = createSimNt({ seed: 20_261_130, ...options });
  const kernel = adapt(sim.kernel);
  const reactor = createReactor({ mode: 'blocking', kernel, now: sim.nowMs });
  return {
    sim,
    reactor,
    async until(holds) {
      for (let turns = 0; !holds(); turns += 1) {
        if (turns === mostTurns) throw new Error(`After ${turns} turns still false: ${holds}`);
        reactor.turn(0);
        // Simulated time would otherwise stand still while the reactor is busy.
        sim.advance(1);
        await pause();
      }
    },
    async close() {
      await reactor.close();
      expectNothingLeft(sim);
    },
  };
}

const WSAENOBUFS = 10_055;

/**
 * Makes a function of a kernel fail: in its next call after `failNext`, or in its nth call since
 * the kernel was adapted. Winsock's error code is then WSAENOBUFS.
 *
 * @param result what the failing call returns.
 */
export function failing(name: keyof Kernel, result: number | bigint, nth?: number) {
  const state = { calls: 0, isNext: false, hasFailed: false, isArmed: true };
  const adapt = (kernel: Kernel): Kernel => {
    const call = kernel[name] as (...args: unknown[]) => unknown;
    return {
      ...kernel,
      WSAGetLastError() {
        const { hasFailed } = state;
        state.hasFailed = false;
        return hasFailed ? WSAENOBUFS : kernel.WSAGetLastError();
      },
      [name]: (...args: unknown[]) => {
        if (state.isArmed) state.calls += 1;
        state.hasFailed = state.isNext || (state.isArmed && state.calls === nth);
        state.isNext = false;
        if (!state.hasFailed) return call(...args);
        // Only Winsock's functions have an error code.
        state.hasFailed = !name.startsWith('Nt');
        return result;
      },
    } as Kernel;
  };
  return {
    adapt,
    failNext() {
      state.isNext = true;
    },
    /** From now on no nth call fails. */
    disarm() {
      state.isArmed = false;
    },
    /** How often it was called until {@link disarm}. */
    get calls() {
      return state.calls;
    },
  };
}

/** Checks that a simulated kernel has no handle, no memory and no pending request. */
export function expectNothingLeft(sim: SimNt): void {
  expect(sim.violations).toEqual([]);
  expect(sim).toMatchObject({ pending: 0, handles: 0, memory: { blocks: 0 } });
}
