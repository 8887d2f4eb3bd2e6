// ask-kernel FILE: runs in Windows Node, and writes the kernel's identity and features to a file.
// nt-findings determines them. This script resolves nt-findings from the root of the repository.
// If this package depended on nt-findings, every package would, and each change of a finding would
// run all tests again.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { resolve } = createRequire(new URL('../../../package.json', import.meta.url));
const { askForUnixSockets, findHost } = await import(pathToFileURL(resolve('nt-findings')).href);
const { kernel, name, note } = findHost();
const answer = { kernel, kernelVersion: name, note, afUnix: askForUnixSockets() };
writeFileSync(process.argv[2], JSON.stringify(answer));
