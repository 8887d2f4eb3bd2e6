import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HostFacts } from 'winnode';
import type { ReportedFinding, ReportedStage, ReportInput } from './report-input.js';

/** The link to a file from a page in a directory. */
export function linkTo(directory: string, file: string): string {
  const path = relative(directory, file);
  // On Windows a file on another drive has no relative path.
  if (isAbsolute(path)) return pathToFileURL(file).href;
  return path.split(sep).map(encodeURIComponent).join('/');
}

/** Reads the findings of kb/FINDINGS.md from its headings; empty if there is no knowledge base. */
export function readFindings(kb: string, pageDirectory: string): ReportedFinding[] {
  const file = join(kb, 'FINDINGS.md');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return [...text.matchAll(/^## (F\d+) (.+)$/gm)].map(([, id = '', title = '']) => {
    // GitHub's anchor of a heading.
    const anchor = `${id} ${title}`
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
    return { id, title, href: `${linkTo(pageDirectory, file)}#${anchor}` };
  });
}

function koffiVersion(): string | undefined {
  const manifest = createRequire(import.meta.url).resolve('ntdllx/package.json');
  const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
  return dependencies?.koffi;
}

/** The facts of the host, and the Windows version that the stages' processes reported. */
export function hostRows(facts: HostFacts, results: readonly ReportedStage[]): ReportInput['host'] {
  const seen = results.find(({ trace }) => trace !== undefined)?.trace;
  const rows: [string, string | undefined][] = [
    ['system', facts.system],
    ['Wine', facts.wine],
    [facts.wine ? 'version of Windows that Wine reports' : 'Windows', seen?.windows],
    ['Windows Node', seen?.windowsNode ?? facts.windowsNode],
    ['Node of the host', facts.hostNode],
    ['koffi', koffiVersion()],
    ['why no Windows Node runs', facts.reason],
  ];
  return rows.filter((row): row is [string, string] => Boolean(row[1]));
}
