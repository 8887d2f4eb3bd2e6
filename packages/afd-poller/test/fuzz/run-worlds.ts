import { Choices } from './choices.js';
import { BrokenClaim } from './claim.js';
import { type Operation, someOperation } from './operations.js';
import type { Situations } from './situations.js';
import { World } from './world.js';
import { worldOptions } from './world-options.js';

/** How many operations a world lasts. */
export const worldLength = 400;

/** The operations of one world: the same for the same seed and number. */
export function worldOf(seed: number, number: number): { seed: number; operations: Operation[] } {
  const choices = new Choices(Math.imul(seed, 0x9e37_79b1) + number);
  const worldSeed = choices.bits32() | 0;
  return {
    seed: worldSeed,
    operations: Array.from({ length: worldLength }, () => someOperation(choices)),
  };
}

/** Runs a world from its beginning to its end. @returns what broke, if something did. */
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

/** Runs worlds one after another. @throws {Error} that says how to see again what broke. */
export function runWorlds(seed: number, first: number, count: number): Situations {
  const situations: Situations = new Map();
  for (let number = first; number < first + count; number += 1) {
    const world = worldOf(seed, number);
    const broken = runWorld(world.seed, world.operations, situations);
    if (broken !== undefined) throw new Error(describeFailure(seed, number, broken));
  }
  return situations;
}

/** Leaves out whatever is not needed for the same claim to break. */
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

/** What a reader needs of a world that broke, and how to see it again. */
function describeFailure(seed: number, number: number, found: BrokenClaim): string {
  const world = worldOf(seed, number);
  const isShrunk = process.env['FUZZ_SHRINK'] !== 'no';
  const { operations, broken } = isShrunk
    ? shrink(world.seed, world.operations, found)
    : { operations: world.operations, broken: found };
  return [
    broken.message,
    `Again: FUZZ_SEED=${seed} FUZZ_WORLD=${number} pnpm --filter afd-poller test:debug fuzz.test --passWithNoTests`,
    `World: ${JSON.stringify(worldOptions(world.seed))}`,
    `${operations.length} of ${worldLength} operations are enough:`,
    ...operations.map(([name, each]) => `  ['${name}', ${each}],`),
    `${broken.cause === undefined ? '' : ((broken.cause as Error).stack ?? '')}`,
  ].join('\n');
}
