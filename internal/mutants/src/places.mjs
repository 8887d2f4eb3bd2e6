import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
export const engine = join(root, 'packages/afd-poller');
export const patches = join(root, 'internal/mutants/patches');
/** Copies of the engine, one for each bug. Git does not see it. */
export const work = join(root, 'internal/mutants/.work');
