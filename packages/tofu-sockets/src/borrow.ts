import type { Kernel, NativeMemory } from 'ntdllx';

/** Lends native memory to calls that are finished with it when they return. */
export function borrow<T>(kernel: Kernel, byteLength: number, use: (memory: NativeMemory) => T): T {
  const memory = kernel.allocate(byteLength);
  try {
    return use(memory);
  } finally {
    memory.free();
  }
}
