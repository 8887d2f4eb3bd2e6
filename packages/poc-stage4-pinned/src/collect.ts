import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { allocate } from 'ntdllx';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** About the sizes of what a registry allocates. */
const sizes = [64, 256, 1_024, 65_536, 1_048_576];
const copies = 8;

/** Collects what JavaScript does not need any more, and writes over native memory that is free. */
export function collectAndRefill(): void {
  collect();
  const blocks = sizes.flatMap((size) => Array.from({ length: copies }, () => allocate(size)));
  for (const block of blocks) block.fill(0x5a);
  for (const block of blocks) block.free();
}
