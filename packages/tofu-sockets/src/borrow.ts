import type { Kernel, NativeMemory } from 'ntdllx';

/** Enough for most calls: a socket address and its length, an option, or a handle. */
const scratchBytes = 160;

/** Native memory for one call. */
export interface Scratch {
  readonly memory: NativeMemory;
  isLent: boolean;
}

const scratches = new WeakMap<Kernel, Scratch>();

/**
 * Takes native memory for calls that do not use it after they return. Its content is undefined.
 * Until {@link giveBack} this package must not run watchers or other user code.
 *
 * Between {@link keepScratch} and {@link freeScratch} small memory is taken from one shared block,
 * without an allocation per call.
 */
export function takeScratch(kernel: Kernel, byteLength: number): Scratch {
  const kept = byteLength <= scratchBytes ? scratches.get(kernel) : undefined;
  if (kept === undefined || kept.isLent) {
    return { memory: kernel.allocate(byteLength), isLent: true };
  }
  kept.isLent = true;
  return kept;
}

/** Gives the memory of {@link takeScratch} back. */
export function giveBack(kernel: Kernel, scratch: Scratch): void {
  scratch.isLent = false;
  // True if it was allocated for this call only, or if freeScratch was called in the meantime.
  if (scratches.get(kernel) !== scratch) scratch.memory.free();
}

/** Runs a function with native memory from {@link takeScratch}. */
export function borrow<T>(kernel: Kernel, byteLength: number, use: (memory: NativeMemory) => T): T {
  const scratch = takeScratch(kernel, byteLength);
  try {
    return use(scratch.memory);
  } finally {
    giveBack(kernel, scratch);
  }
}

/**
 * Allocates the shared block of {@link takeScratch}: one per kernel, until {@link freeScratch}.
 */
export function keepScratch(kernel: Kernel): void {
  scratches.set(kernel, { memory: kernel.allocate(scratchBytes), isLent: false });
}

/** Frees the shared block. If it is in use, {@link giveBack} frees it. */
export function freeScratch(kernel: Kernel): void {
  const scratch = scratches.get(kernel);
  scratches.delete(kernel);
  if (scratch?.isLent === false) scratch.memory.free();
}
