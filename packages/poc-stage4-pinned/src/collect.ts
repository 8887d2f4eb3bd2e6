import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { allocate } from 'ntdllx';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The approximate sizes of a registry's allocations. */
const sizes = [64, 256, 1_024, 65_536, 1_048_576];
const copies = 8;

/** Forces a garbage collection, and overwrites free native memory. */
export function collectAndRefill(): void {
  collect();
  const blocks = sizes.flatMap((size) => Array.from({ length: copies }, () => allocate(size)));
  for (const block of blocks) block.fill(0x5a);
  for (const block of blocks) block.free();
}
