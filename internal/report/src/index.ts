/**
 * One HTML page about a run of the stages, in a self-contained file.
 *
 * @packageDocumentation
 */
export { readBench } from './bench-figures.js';
export { linkTo, readFindings } from './gather.js';
export { escapeHtml, html } from './html.js';
export { renderPage } from './page.js';
export type {
  BenchFigures,
  ReportedBench,
  ReportedFinding,
  ReportedStage,
  ReportInput,
} from './report-input.js';
export { colours } from './style.js';
export { type ReportOptions, writeReport } from './write-report.js';
