// Long tests, random tests and tests that need real time. `npm run siege` runs the parts one after
// another.
export { readFlags, usage } from './flags.mjs';
export { parts, propertyFiles, testFiles } from './parts.mjs';
export { beginRecord, recordSiege } from './record.mjs';
export { chooseParts, listParts, runSiege } from './run-siege.mjs';
export { planSeed } from './seed.mjs';
