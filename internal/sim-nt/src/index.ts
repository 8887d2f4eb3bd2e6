/**
 * A simulated kernel in memory behind ntdllx's type `Kernel`. It is deterministic, seeded, and
 * checks the program's use of memory. It runs on any host and opens no real handles.
 *
 * @packageDocumentation
 */

export { createSimNt, type SimNt, type SimNtOptions } from './create-sim-nt.js';
export type { FileKind } from './files.js';
export type { Injection, Injections } from './injections.js';
export type { MemoryUse } from './memory.js';
export { type Profile, type ProfileName, profiles } from './profiles.js';
export { SimDeadlockError } from './sim-core.js';
