/**
 * A kernel in memory, behind ntdllx's type `Kernel`: deterministic, seeded, and watching what the
 * program does with its memory. Runs on any host and opens nothing.
 *
 * @packageDocumentation
 */
export { SimDeadlockError } from './core.js';
export { createSimNt, type SimNt, type SimNtOptions } from './create-sim-nt.js';
export type { FileKind } from './files.js';
export type { Injection, Injections } from './injections.js';
export type { MemoryUse } from './memory.js';
export { type Profile, type ProfileName, profiles } from './profiles.js';
