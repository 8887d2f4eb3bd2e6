import type { Kernel, NativeMemory } from 'ntdllx';

/** As much as most calls need: a socket address and its length, an option, a handle. */
const scratchBytes = 160;

/** Memory for one call. */
export interface Scratch {
  readonly memory: NativeMemory;
  isLent: boolean;
}

const scratches = new WeakMap<Kernel, Scratch>();

/**
 * Takes native memory for calls that are finished with it when they return. Its content is undefined.
 * Until {@link giveBack} no watcher and no other code of the caller's runs.
 *
 * Between {@link keepScratch} and {@link freeScratch} what is small comes from one block, which is not
 * allocated anew for each call.
 */
export function takeScratch(kernel: Kernel, byteLength: number): Scratch {
  const kept = byteLength <= scratchBytes ? scratches.get(kernel) : undefined;
  if (kept === undefined || kept.isLent) {
    return { memory: kernel.allocate(byteLength), isLent: true };
  }
  kept.isLent = true;
  return kept;
}

/** Gives it back. */
export function giveBack(kernel: Kernel, scratch: Scratch): void {
  scratch.isLent = false;
  // Allocated for this call alone, or freed by {@link freeScratch} in the meantime.
  if (scratches.get(kernel) !== scratch) scratch.memory.free();
}

/** Lends such memory to a function. */
export function borrow<T>(kernel: Kernel, byteLength: number, use: (memory: NativeMemory) => T): T {
  const scratch = takeScratch(kernel, byteLength);
  try {
    return use(scratch.memory);
  } finally {
    giveBack(kernel, scratch);
  }
}

/** Keeps a block at hand for {@link takeScratch}. Once per kernel, until it is freed. */
export function keepScratch(kernel: Kernel): void {
  scratches.set(kernel, { memory: kernel.allocate(scratchBytes), isLent: false });
}

/** Gives that block back; one that is lent just now goes when its user returns. */
export function freeScratch(kernel: Kernel): void {
  const scratch = scratches.get(kernel);
  scratches.delete(kernel);
  if (scratch?.isLent === false) scratch.memory.free();
}
