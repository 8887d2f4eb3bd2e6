// ask-kernel FILE: runs in Windows Node, and writes what the kernel says of itself and has.
import { writeFileSync } from 'node:fs';
import { askForUnixSockets, findHost } from 'nt-findings';

const { kernel, name, note } = findHost();
const answer = { kernel, kernelVersion: name, note, afUnix: askForUnixSockets() };
writeFileSync(process.argv[2], JSON.stringify(answer));
