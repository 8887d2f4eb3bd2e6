// What was said to `npm test`, to `pnpm turbo test`, or to the turbo that started this.
import { readFileSync } from 'node:fs';

/** The answer to a filter: the four steps are steps of the whole repository. */
export const howToFilter = `The pipeline is of the whole repository and takes no filter. One package alone:
  pnpm turbo run test:debug --filter=ntdllx   builds what it needs, and tests it
  pnpm --filter ntdllx test:debug             only tests it; vitest's options may follow`;

/** Whether all results are to be made anew. */
export const isForceIn = (args) => args.some((arg) => /^--force(=true)?$/.test(arg));

/** Whether only some packages are meant. */
export const filterIn = (args) =>
  args.some((arg) => /^(--filter|-F|--affected)/.test(arg) || /^(?!\/\/)[^#]+#test$/.test(arg));

/** What turbo does beside running tasks. */
const otherCommands =
  /^(ls|prune|query|info|docs|boundaries|generate|gen|daemon|login|logout|link|unlink|bin|config|watch|telemetry|devtools|scan|completion)$/;

/** Whether these arguments of turbo run the task `test`, among others or alone. */
export function isTestRun(args) {
  const words = args.filter((arg) => !arg.startsWith('-'));
  if (otherCommands.test(words[0] ?? '')) return false;
  return words.some((word) => /(^|#)test$/.test(word));
}

/** The arguments of a turbo that runs this as its task, where the host lets them be read. */
export function turboAbove() {
  if (process.platform !== 'linux' || process.env.TURBO_HASH === undefined) return [];
  try {
    for (let pid = process.ppid; pid > 1; ) {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
      if (/(^|\/)turbo$/.test(args[0] ?? '') && isTestRun(args.slice(1))) return args.slice(1);
      // The name, in brackets, may have blanks and brackets itself.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    }
  } catch {
    // A process that ended, or one that may not be looked at: then it said nothing to us.
  }
  return [];
}
