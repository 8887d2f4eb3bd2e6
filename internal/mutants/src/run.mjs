// A part of npm run siege: plants each bug of patches/ into a copy of the engine, compiles the
// copy, and runs the random worlds. A bug counts as found if its line was reached and the
// assertion that the patch names failed; a time-out or a crash does not count. Without a bug all
// tests must pass.
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { judge } from './judge.mjs';
import { patches, work } from './places.mjs';
import { readPatch } from './read-patch.mjs';

const only = process.argv[2];
const files = readdirSync(patches)
  .filter((file) => file.endsWith('.patch') && (only === undefined || file.includes(only)))
  .sort();
const planted = [undefined, ...files.map((file) => readPatch(file))];
let survivors = 0;

// Two bugs run at a time. The output is in the order of the patches.
const results = [];
const startNext = () => {
  const patch = planted[results.length];
  if (results.length < planted.length) results.push(timed(patch));
};
startNext();
for (let index = 0; index < planted.length; index += 1) {
  startNext();
  const { name, isRight, text, seconds } = await results[index];
  process.stdout.write(`${isRight ? 'ok    ' : 'FAILED'} ${seconds} s  ${name}: ${text}\n`);
  if (!isRight) survivors += 1;
}
rmSync(work, { recursive: true, force: true });
const found = planted.length - survivors;
process.stdout.write(
  `${found} of ${planted.length} as expected (${files.length} bugs, and a run without a bug)\n`,
);
if (survivors > 0 || files.length === 0) process.exitCode = 1;

async function timed(patch) {
  const name = patch === undefined ? 'no bug' : basename(patch.file, '.patch');
  const startedMs = performance.now();
  const result = await judge(name.replaceAll(' ', '-'), patch);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  return { name, seconds, ...result };
}
