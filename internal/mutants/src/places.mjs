import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
/** Where bugs are planted, in the order in which they are compiled. */
export const planted = ['packages/nt-afd', 'packages/afd-poller'];
export const patches = join(root, 'internal/mutants/patches');
/** Copies of these, one for each bug. Git does not see it. */
export const work = join(root, 'internal/mutants/.work');
