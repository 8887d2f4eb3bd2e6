import { join } from 'node:path';
import { type ReportedStage, type ReportInput, renderPage } from '@tofu-nt/report';
import { readStageTrace, type StageTrace, type Verdict } from 'poc-kit';
import type { Page } from './parse-page.js';
import { parsePage } from './parse-page.js';

// The input of a page, from real traces of stage 1 that were recorded once under Wine 8.

export const recorded = (stage: '1-event' | '1-iocp'): StageTrace =>
  readStageTrace(join(import.meta.dirname, 'traces', `${stage}.json`));

export const verdict: Verdict = {
  stage: 'stage 1 iocp',
  claim: 'it arrives',
  build: 'debug',
  verdict: 'proven',
  reason: '',
  checks: [{ name: 'packets removed', expected: '1', seen: '1', ok: true }],
  durationMs: 694,
};

export const result = (stage: string, more: Partial<ReportedStage> = {}): ReportedStage => ({
  stage,
  build: 'debug',
  verdict,
  exitCode: 0,
  signal: null,
  outcome: 'proven',
  trace: stage === '1-event' || stage === '1-iocp' ? recorded(stage) : undefined,
  ...more,
});

/** Renders a page and parses it as a browser does. */
export function page(more: Partial<ReportInput> = {}): Page {
  const input: ReportInput = {
    date: new Date('2026-11-22T10:00:00Z'),
    host: [['system', 'linux x64']],
    results: [result('1-event'), result('1-iocp')],
    findings: [{ id: 'F01', title: 'A title', href: '../kb/FINDINGS.md#f01-a-title' }],
    bench: { note: 'No figures: pnpm bench has not run on this machine yet.' },
    ...more,
  };
  return parsePage(renderPage(input));
}
