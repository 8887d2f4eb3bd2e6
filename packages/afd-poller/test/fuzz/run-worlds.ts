import { Choices, checkRuns, type RunPlan } from 'test-kit';
import { BrokenClaim } from './claim.js';
import { type Operation, someOperation } from './operations.js';
import type { Situations } from './situations.js';
import { World } from './world.js';
import { worldOptions } from './world-options.js';

/** The number of operations in a world. */
export const worldLength = 400;

/** A world: the seed of its choices, and its operations. */
export interface RandomWorld {
  readonly seed: number;
  readonly operations: Operation[];
}

/** Creates a world from random choices. The same choices give the same world. */
export function worldOf(choices: Choices): RandomWorld {
  const seed = choices.bits32() | 0;
  const operations = Array.from({ length: worldLength }, () => someOperation(choices));
  return { seed, operations };
}

/** Runs a world from its beginning to its end. @returns the broken claim, if there is one. */
export function runWorld(
  seed: number,
  operations: readonly Operation[],
  situations: Situations,
): BrokenClaim | undefined {
  try {
    const world = new World(worldOptions(seed), situations);
    for (const operation of operations) world.step(operation);
    world.end(new Choices(seed));
    return undefined;
  } catch (error) {
    if (error instanceof BrokenClaim) return error;
    throw error;
  }
}

/**
 * Runs the planned number of worlds one after another.
 *
 * @returns the plan, and the situations that occurred.
 * @throws {Error} for a broken claim; its message says how to run that world again.
 */
export function checkWorlds(worlds: number): { plan: RunPlan; situations: Situations } {
  const situations: Situations = new Map();
  const plan = checkRuns(worlds, (choices) => requireWorld(worldOf(choices), situations));
  return { plan, situations };
}

function requireWorld(world: RandomWorld, situations: Situations): void {
  const broken = runWorld(world.seed, world.operations, situations);
  if (broken !== undefined) throw new Error(describeFailure(world, broken));
}

/** Removes operations that are not needed to break the same claim. */
function shrink(seed: number, operations: readonly Operation[], first: BrokenClaim) {
  let [list, broken] = [[...operations], first];
  for (let size = list.length >> 1; size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = list.length - size; from > -size; from -= size) {
      const start = Math.max(0, from);
      const without = [...list.slice(0, start), ...list.slice(from + size)];
      const found = runWorld(seed, without, new Map());
      if (found?.claim === broken.claim) [list, broken] = [without, found];
    }
  }
  return { operations: list, broken };
}

/** Describes a world in which a claim broke. */
function describeFailure(world: RandomWorld, found: BrokenClaim): string {
  const isShrunk = process.env['FUZZ_SHRINK'] !== 'no';
  const { operations, broken } = isShrunk
    ? shrink(world.seed, world.operations, found)
    : { operations: world.operations, broken: found };
  return [
    broken.message,
    `World: ${JSON.stringify(worldOptions(world.seed))}`,
    `${operations.length} of ${worldLength} operations are enough:`,
    ...operations.map(([name, each]) => `  ['${name}', ${each}],`),
    `${broken.cause === undefined ? '' : ((broken.cause as Error).stack ?? '')}`,
  ].join('\n');
}
