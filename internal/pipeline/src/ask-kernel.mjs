// ask-kernel FILE: runs in Windows Node, and writes what the kernel says of itself and has.
// nt-findings knows how to ask. It is looked up at the top of the repository: if this package depended
// on it, every package would, and all tests would run again after each change of a finding.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { resolve } = createRequire(new URL('../../../package.json', import.meta.url));
const { askForUnixSockets, findHost } = await import(pathToFileURL(resolve('nt-findings')).href);
const { kernel, name, note } = findHost();
const answer = { kernel, kernelVersion: name, note, afUnix: askForUnixSockets() };
writeFileSync(process.argv[2], JSON.stringify(answer));
