/*
 * Run by `winnode doctor --probe` in Windows Node. Without an argument it says which findings the
 * nt-findings of the project in the working directory knows, and what host it sees; with the number
 * of a finding it looks at that. Every answer is a line of JSON, printed at once: the next call may
 * crash.
 */
import { writeSync } from 'node:fs';
import { findProjectModule } from './project-module.js';

interface Finding {
  readonly id: string;
  readonly title: string;
}

interface NtFindings {
  readonly findings: readonly Finding[];
  findHost(): object;
  findFinding(id: string): Finding | undefined;
  lookAt(finding: Finding, host: object): AsyncIterable<object>;
}

const print = (answer: object) => writeSync(1, `${JSON.stringify(answer)}\n`);

async function answer(url: string, id: string | undefined): Promise<void> {
  const { findings, findFinding, findHost, lookAt } = (await import(url)) as NtFindings;
  const host = findHost();
  if (id === undefined) {
    const { arch, versions } = process;
    const list = findings.map(({ id, title }) => ({ id, title }));
    print({ host: { ...host, arch, windowsNode: versions.node }, findings: list });
    return;
  }
  const finding = findFinding(id);
  if (finding === undefined) throw new Error(`nt-findings does not know ${id}`);
  for await (const fact of lookAt(finding, host)) print({ fact });
  print({ done: true });
}

const found = findProjectModule('nt-findings');
if ('why' in found) print({ why: found.why });
else {
  try {
    await answer(found.url, process.argv[2]);
  } catch (error) {
    print({ error: error instanceof Error ? error.message : String(error) });
  }
}
