import type { Injections, ProfileName, SimNtOptions } from 'sim-nt';
import { Choices } from 'test-kit';
import type { PresetName } from '../pollers.js';

/** The options of a world. */
export interface WorldOptions {
  readonly seed: number;
  readonly sim: SimNtOptions & { readonly inject: Partial<Injections> };
  readonly preset: PresetName;
  readonly pollers: number;
  readonly requestsPerHandle: number;
  /** True if some of the listeners are over AF_UNIX. */
  readonly hasPaths: boolean;
}

/**
 * The highest probability of each injection, if it is on. `sendFull` is left out: it would change
 * the world of every seed, and for the engine it is the same as a full send buffer of TCP.
 */
const most: Omit<Injections, 'sendFull'> = {
  pendingAlthoughDone: 0.5,
  shuffle: 1,
  late: 0.5,
  cancelRace: 0.8,
  displaced: 0.03,
  stray: 0.03,
  refuse: 0.15,
  refuseHandle: 0.03,
  postFails: 0.4,
  acceptReset: 0.3,
};

const weightedPresets: readonly PresetName[] = ['self', 'single', 'single', 'batched', 'batched'];

/** By kernel: the kernel with AF_UNIX that is simulated in its place. */
const withPaths: Partial<Record<ProfileName, ProfileName>> = {
  wine10: 'wine11',
  windows: 'windows',
};

/** Creates the options of a world from a seed. */
export function worldOptions(seed: number): WorldOptions {
  const choices = new Choices(seed);
  const inject: Partial<Injections> = {};
  const isCalm = choices.chance(0.15);
  for (const name of Object.keys(most) as (keyof typeof most)[]) {
    const probability = (most[name] * (1 + choices.below(100))) / 100;
    if (!isCalm && choices.chance(0.5)) inject[name] = probability;
  }
  const sim = {
    seed: choices.bits32() | 0,
    profile: choices.pick<ProfileName>(['wine8', 'wine10', 'windows']),
    network: choices.pick(['eager', 'lazy'] as const),
    bufferBytes: choices.pick([64, 300, 4_096]),
    inject,
  };
  const preset = choices.pick(weightedPresets);
  const pollers = 1 + choices.below(2);
  const requestsPerHandle = 1 + choices.below(4);
  // This choice is drawn last, so that an older seed still gives the same world if it has no
  // paths.
  const profile = choices.chance(0.5) ? withPaths[sim.profile] : undefined;
  return {
    seed,
    sim: { ...sim, profile: profile ?? sim.profile },
    preset,
    pollers,
    requestsPerHandle,
    hasPaths: profile !== undefined,
  };
}
