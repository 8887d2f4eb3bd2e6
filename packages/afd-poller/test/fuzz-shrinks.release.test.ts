import fc from 'fast-check';
import { Choices, checkProperty } from 'test-kit';
import { expect, test } from 'vitest';
import { type OperationName, operationNames } from './fuzz/operations.js';
import { World } from './fuzz/world.js';
import { worldOptions } from './fuzz/world-options.js';

// Runs the worlds of fuzz.test.ts as commands of fast-check. They are few and short, and
// fast-check shrinks a failure to the operations that cause it.

/** One operation on a world. A world contains both the model and the system under test. */
class Command implements fc.Command<object, World> {
  readonly name: OperationName;
  readonly seed: number;

  constructor(name: OperationName, seed: number) {
    this.name = name;
    this.seed = seed;
  }

  check(): boolean {
    return true;
  }

  run(_model: object, world: World): void {
    world.step([this.name, this.seed]);
  }

  toString(): string {
    return `['${this.name}', ${this.seed}]`;
  }
}

const seeds = fc.integer();
const commands = operationNames.map((name) => seeds.map((seed) => new Command(name, seed)));

test('random sequences of operations in random worlds keep every invariant', () => {
  let operations = 0;
  checkProperty(
    fc.property(seeds, fc.commands(commands, { maxCommands: 120, size: 'max' }), (seed, list) => {
      const world = new World(worldOptions(seed), new Map());
      fc.modelRun(() => ({ model: {}, real: world }), list);
      world.end(new Choices(seed));
      operations += [...list].length;
    }),
    150,
  );
  expect(operations).toBeGreaterThan(3_000);
});
