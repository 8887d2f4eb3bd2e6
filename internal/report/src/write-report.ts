import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeHost } from 'winnode';
import { readBench } from './bench-figures.js';
import { hostRows, readFindings } from './gather.js';
import { renderPage } from './page.js';
import type { ReportedStage } from './report-input.js';

/** The root of the repository. This file is in internal/report/dist/BUILD. */
const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** The contents of a report, and its path. */
export interface ReportOptions {
  readonly results: readonly ReportedStage[];
  /** The start of the run. */
  readonly date: Date;
  /** The path of the page; its directory is created. */
  readonly file: string;
  /**
   * The directory to which `pnpm bench` writes. Default: `bench-results` at the root of the
   * repository.
   */
  readonly benchResults?: string;
}

/**
 * Writes the page of a run.
 *
 * @returns its absolute path.
 * @throws {Error} if it cannot be written.
 */
export function writeReport({ results, date, file, benchResults }: ReportOptions): string {
  const path = resolve(file);
  const directory = dirname(path);
  const page = renderPage({
    date,
    results,
    host: hostRows(describeHost(), results),
    findings: readFindings(join(repository, 'kb'), directory),
    bench: readBench(benchResults ?? join(repository, 'bench-results')),
  });
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, page);
  return path;
}
