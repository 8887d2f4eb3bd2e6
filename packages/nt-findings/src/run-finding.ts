/*
 * Run in Windows Node by `nt-findings probe`, once for the host and once for each finding.
 */
import { answer } from './answer.js';
import { findings } from './findings.js';

await answer(findings, process.argv[2]);
