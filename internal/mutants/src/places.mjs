import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
/** The packages in which bugs are planted, in the order of compilation. */
export const planted = ['packages/nt-afd', 'packages/afd-poller'];
export const patches = join(root, 'internal/mutants/patches');
/** The directory for copies of these packages, one for each bug; git ignores it. */
export const work = join(root, 'internal/mutants/.work');
