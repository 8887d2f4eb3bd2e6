/*
 * Run by `winnode doctor` in Windows Node. Asks the ntdllx of the project in the working directory
 * what it sees, for that is the one that the project's programs use, and its nt-findings about
 * sockets. Prints each answer as a line of JSON as soon as it is there: a later one may crash.
 */
import { writeSync } from 'node:fs';
import { findProjectModule } from './project-module.js';

interface Fact {
  readonly name: string;
  readonly verdict: string;
}

interface Probe {
  probeNt(): Iterable<Fact>;
}

interface SocketsProbe {
  probeSockets(): Iterable<Fact>;
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
  for (const fact of probeNt()) {
    print(fact);
    if (fact.name === 'koffi' && fact.verdict === 'ok') await printSockets();
  }
}

/** AFD and AF_UNIX, where the project has what asks about them. */
async function printSockets(): Promise<void> {
  const findings = findProjectModule('nt-findings', '/probe');
  if ('url' in findings) {
    const { probeSockets } = (await import(findings.url)) as SocketsProbe;
    for (const fact of probeSockets()) print(fact);
    return;
  }
  const detail = 'the project has no nt-findings to ask';
  for (const [name, isNecessary] of [
    ['AFD', true],
    ['AF_UNIX', false],
  ] as const) {
    print({ name, isNecessary, verdict: 'skipped', version: '', detail, hint: '' });
  }
}
