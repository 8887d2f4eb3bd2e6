import { allocate, type NativeMemory } from '../native-memory.js';

/** Lends a block of zeros for one call that does not keep its address. */
export function withMemory<T>(byteLength: number, work: (memory: NativeMemory) => T): T {
  const memory = allocate(byteLength);
  try {
    memory.fill(0);
    return work(memory);
  } finally {
    memory.free();
  }
}
