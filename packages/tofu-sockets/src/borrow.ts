import type { Kernel, NativeMemory } from 'ntdllx';

/** As much as most calls need: a socket address and its length, an option, a handle. */
const scratchBytes = 160;

interface Scratch {
  readonly memory: NativeMemory;
  isLent: boolean;
}

const scratches = new WeakMap<Kernel, Scratch>();

/**
 * Lends native memory to calls that are finished with it when they return. Its content is undefined.
 * `use` tells no watcher and runs no other code of the caller's.
 *
 * Between {@link keepScratch} and {@link freeScratch} what is small comes from one block, which is not
 * allocated anew for each call.
 */
export function borrow<T>(kernel: Kernel, byteLength: number, use: (memory: NativeMemory) => T): T {
  const scratch = byteLength <= scratchBytes ? scratches.get(kernel) : undefined;
  if (scratch === undefined || scratch.isLent) {
    const memory = kernel.allocate(byteLength);
    try {
      return use(memory);
    } finally {
      memory.free();
    }
  }
  scratch.isLent = true;
  try {
    return use(scratch.memory);
  } finally {
    scratch.isLent = false;
    // It was given back in the meantime.
    if (scratches.get(kernel) !== scratch) scratch.memory.free();
  }
}

/** Has a block at hand for {@link borrow}. Once per kernel, until it is freed. */
export function keepScratch(kernel: Kernel): void {
  scratches.set(kernel, { memory: kernel.allocate(scratchBytes), isLent: false });
}

/** Gives that block back; one that is lent just now goes when its user returns. */
export function freeScratch(kernel: Kernel): void {
  const scratch = scratches.get(kernel);
  scratches.delete(kernel);
  if (scratch?.isLent === false) scratch.memory.free();
}
