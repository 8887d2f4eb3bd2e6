import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Expectation } from 'nt-findings';
import type { Probes } from 'nt-findings/internal';
import { onTestFinished } from 'vitest';
import { toWindowsPath } from 'winnode';

/** The URL of a module of this package for Windows Node, in the tested build. */
function urlOf(module: string): string {
  const path = createRequire(import.meta.url).resolve(module);
  if (process.platform === 'win32') return pathToFileURL(path).href;
  return `file:///${encodeURI(toWindowsPath(path).replaceAll('\\', '/'))}`;
}

/** Makes probes for one test, from the source of a module that declares `findings`. */
function probesOf(text: string, ids: readonly string[]): Probes {
  const scratch = mkdtempSync(join(tmpdir(), 'nt findings '));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const program = join(scratch, 'probes.mjs');
  const answers = `import { answer } from ${JSON.stringify(urlOf('nt-findings/internal'))};`;
  writeFileSync(program, `${answers}\n${text}\nawait answer(findings, process.argv[2]);`);
  return { program, findings: ids.map((id) => ({ id, title: 'Made up' })) };
}

/** A made-up finding: the body of its generator, and what it expects. */
export interface MadeUp {
  readonly body: string;
  readonly expected: Readonly<Record<string, Expectation>>;
}

/** An expectation, and the body of a probe that yields the expected fact. */
export const ok = { expected: { first: 'a' }, body: `yield ['first', 'a'];` };
/** A fact that is never run. */
export const left = { never: { notRun: 'it would hurt' } } as const;

/** Findings by number. */
export function madeUpProbes(findings: Readonly<Record<string, MadeUp>>): Probes {
  const texts = Object.entries(findings).map(
    ([id, { body, expected }]) => `{
      id: ${JSON.stringify(id)}, title: 'Made up', expected: ${JSON.stringify(expected)},
      see: async function* () { ${body} },
    }`,
  );
  return probesOf(`const findings = [${texts.join(',\n')}];`, Object.keys(findings));
}
