import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeHost } from 'winnode';
import { readBench } from './bench-figures.js';
import { hostRows, readFindings } from './gather.js';
import { renderPage } from './page.js';
import type { ReportedRung } from './report-input.js';

/** The repository: this file is in internal/report/dist/BUILD. */
const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** What a report is of, and where it goes. */
export interface ReportOptions {
  readonly rungs: readonly ReportedRung[];
  /** When the run began. */
  readonly date: Date;
  /** The page; its directory is made. */
  readonly file: string;
  /** Where `pnpm bench` writes. Default: `bench-results` at the top of the repository. */
  readonly benchResults?: string;
}

/**
 * Writes the page of a run. @returns where it is, absolute.
 *
 * @throws {Error} when it cannot be written.
 */
export function writeReport({ rungs, date, file, benchResults }: ReportOptions): string {
  const path = resolve(file);
  const directory = dirname(path);
  const page = renderPage({
    date,
    rungs,
    host: hostRows(describeHost(), rungs),
    findings: readFindings(join(repository, 'kb'), directory),
    bench: readBench(benchResults ?? join(repository, 'bench-results')),
  });
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, page);
  return path;
}
