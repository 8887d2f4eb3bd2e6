import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages } from '@tofu-nt/release';
import { root } from './examples.js';

// The console blocks of the documentation, and the comparison of what they show with real output.

/** A command of a console block, and the output that the page shows below it. */
export interface Shown {
  readonly page: string;
  /** Empty if the block has no command. */
  readonly command: string;
  readonly output: string;
}

/** The pages that git knows: a build of the site adds copies of others. */
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'docs', 'packages'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => {
    const isPublished = publishedPackages(root).some(
      ({ path }: { path: string }) => file === `${path}/README.md`,
    );
    return isPublished || /^docs\/.+\.md$/.test(file);
  });

/** The commands of a block, each with the lines up to the next command. */
function commandsOf(page: string, block: string): Shown[] {
  const found = [...block.matchAll(/^(?:[$>] (.*)\n)?((?:(?![$>] ).*\n)*)/gm)];
  return found
    .filter(([text]) => text !== '')
    .map(([, command = '', output = '']) => ({ page, command, output }));
}

/** The commands in the console blocks of the documentation that show an output. */
export const shownOutputs: readonly Shown[] = pages
  .flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const blocks = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)];
    return blocks.flatMap(([, block = '']) => commandsOf(page, block));
  })
  .filter(({ output }) => output !== '');

/** What differs from run to run and from host to host, and what stands for it. */
const varying: readonly [RegExp, string][] = [
  [/\b127\.0\.0\.1([: ]\d+)?/g, 'LOOPBACK'],
  [/wine-\d\S* \([^)]*\)/g, 'WINE'],
  [/\S+\/wine(64)?\b/g, 'WINE'],
  [/\S+node\.exe/g, 'NODE'],
  [/Debian GNU\/Linux \d+|Wine \d+\.\d+/g, 'HOST'],
  [/\b\d{4}-\d\d-\d\d\b/g, 'DATE'],
  [/\b\d+\.\d+\.\d+(?!\d*\.)[-\w.~]*/g, 'VERSION'],
  [/\b0x[0-9a-f]{5,}\b|\b\d{5,}n\b/g, 'ADDRESS'],
  [/^ *\d+\.\d{3} #\d+/gm, 'TIME CALL'],
  [/\b\d[\d.]* (ms|MiB)\b/g, 'N $1'],
  [/\bport:? \d+/g, 'PORT'],
];

const withoutVarying = (text: string) =>
  varying.reduce((left, [pattern, name]) => left.replaceAll(pattern, name), text);

/**
 * A pattern for the real output. A line of dots stands for any lines, dots at the end of a line for
 * the rest of the line.
 */
function patternOf(shown: string): RegExp {
  const lines = shown.trimEnd().split('\n');
  const parts = lines.map((line) => {
    if (/^ *(\.\.\.|…)$/.test(line)) return '(?:.*\\n)*?';
    const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const [start = '', isCut] = line.split(/ ?(?:\.\.\.|…)$/);
    return `${literal(start)}${isCut === undefined ? '' : '.*'}\\n`;
  });
  return new RegExp(`^${parts.join('')}\\n*$`);
}

/**
 * Compares an output with what a page shows.
 *
 * @returns what differs; empty if nothing does.
 */
export function difference(shown: string, real: string): string {
  const [expected, seen] = [withoutVarying(shown), withoutVarying(`${real.trimEnd()}\n`)];
  return patternOf(expected).test(seen) ? '' : `shown:\n${expected}\nreal:\n${seen}`;
}
