import { nativeMemory, ntKernel } from 'ntdllx';
import { Reactor, type ReactorMode } from 'tofu-reactor';
import { expect } from 'vitest';
import type { Cases, Over } from './fixture.js';
import { runCases } from './reactor-cases.js';

/**
 * Runs cases on the kernel of this process: all cases, or the chosen ones.
 *
 * @param isChosen whether the next case runs; default: every case runs.
 */
export function runRealCases(
  over: Over,
  mode: ReactorMode,
  chosen?: readonly Cases[],
  isChosen?: () => boolean,
): void {
  const host = { mode, over, isSimulated: false };
  const make = () => ({
    ...host,
    kernel: ntKernel,
    createReactor: (options: ConstructorParameters<typeof Reactor>[0]) => new Reactor(options),
    verify: () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 }),
  });
  runCases(host, make, chosen, isChosen);
}
