/* `nt-findings probe` runs this in Windows Node, once for the host and once for each finding. */
import { answer } from './answer.js';
import { findings } from './findings.js';

await answer(findings, process.argv[2]);
