// What is long, random or judged by a real clock. `npm run siege` runs the parts one after another.
export { readFlags, usage } from './flags.mjs';
export { parts, propertyFiles, testFiles } from './parts.mjs';
export { beginRecord, recordSiege } from './record.mjs';
export { chooseParts, listParts, runSiege } from './run-siege.mjs';
export { planSeed } from './seed.mjs';
