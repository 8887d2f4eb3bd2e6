/*
 * Run by `winnode doctor` in Windows Node. Asks the ntdllx of the project in the working directory
 * what it sees, for that is the one that the project's programs use, and prints each answer as a
 * line of JSON as soon as it is there: a later one may crash.
 */
import { writeSync } from 'node:fs';
import { findProjectModule } from './project-module.js';

interface Probe {
  probeNt(): Iterable<unknown>;
}

const print = (answer: unknown) => writeSync(1, `${JSON.stringify(answer)}\n`);

const reasons = {
  absent: 'has no ntdllx to ask',
  'too old': 'has an ntdllx that is too old to be asked',
} as const;

/** Without a build nothing of it runs, where a project that has no ntdllx may need none. */
const notBuilt = {
  name: 'ntdllx',
  isNecessary: true,
  verdict: 'missing',
  version: '',
  detail: 'it is not built',
  hint: 'In a clone of tofu-nt: npm run setup',
};

const found = findProjectModule('ntdllx', '/probe');
if ('why' in found) {
  print(found.why === 'not built' ? notBuilt : { reason: reasons[found.why] });
} else {
  const { probeNt } = (await import(found.url)) as Probe;
  for (const fact of probeNt()) print(fact);
}
