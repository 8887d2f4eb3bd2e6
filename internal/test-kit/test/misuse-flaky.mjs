// Dies while it is loaded, as often as the file in MISUSE_FLAKY says; then runs the cases.
import { readFileSync, writeFileSync } from 'node:fs';

const file = process.env.MISUSE_FLAKY;
const deaths = Number(readFileSync(file, 'utf8'));
if (deaths > 0) {
  writeFileSync(file, String(deaths - 1));
  process.exit(66);
}
await import('./misuse-cases.mjs');
