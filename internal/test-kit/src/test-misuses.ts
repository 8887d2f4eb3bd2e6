import { beforeAll, describe, expect, test } from 'vitest';
import type { MisuseCase } from './misuse-child.js';
import { type MisuseEnd, runMisuses } from './misuse-runner.js';

/** The tested cases of a script, and the error that each must throw. */
export interface MisuseTests {
  /** The script that calls `serveMisuses` with all these cases. */
  readonly script: string;
  readonly cases: readonly MisuseCase[];
  /** Selects the cases to run. */
  readonly filter: (misuse: MisuseCase) => boolean;
  /** Patterns for the name, the code and the message of the error. */
  readonly expected: (code: string) => readonly RegExp[];
}

/** Makes a test for each case. All cases run in one process, before the first test. */
export function testMisuses({ script, cases, filter, expected }: MisuseTests): void {
  const list = cases
    .map(({ name, code }, index) => ({ name, code, index }))
    .filter((_, index) => filter(cases[index] as MisuseCase));
  describe('misuse is one clear error', () => {
    let ends = new Map<number, MisuseEnd>();
    beforeAll(async () => {
      ends = await runMisuses({ script, indexes: list.map(({ index }) => index) });
    }, 600_000);
    test.each(list)('$name: $code', ({ code, index }) => {
      const { thrown, problem } = ends.get(index) ?? { thrown: '', problem: 'it was not run' };
      expect(problem).toBe('');
      expect(thrown).not.toBe('');
      for (const pattern of expected(code)) expect(thrown).toMatch(pattern);
    });
  });
}
