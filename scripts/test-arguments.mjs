// The arguments of `npm test`, of `pnpm turbo test`, or of the turbo that started this process.
import { readFileSync } from 'node:fs';

/** The message for a filter: the pipeline always runs over the whole repository. */
export const howToFilter = `The pipeline always tests the whole repository and accepts no filter. To test one package:
  pnpm turbo run test:debug --filter=ntdllx   builds the package and its dependencies, and tests it
  pnpm --filter ntdllx test:debug             only tests it; options of vitest may follow`;

/** Whether cached results must be ignored. */
export const isForceIn = (args) => args.some((arg) => /^--force(=true)?$/.test(arg));

/** Whether the arguments select some packages. */
export const filterIn = (args) =>
  args.some((arg) => /^(--filter|-F|--affected)/.test(arg) || /^(?!\/\/)[^#]+#test$/.test(arg));

/** Subcommands of turbo that do not run tasks. */
const otherCommands =
  /^(ls|prune|query|info|docs|boundaries|generate|gen|daemon|login|logout|link|unlink|bin|config|watch|telemetry|devtools|scan|completion)$/;

/** Whether these arguments of turbo run the task `test`, alone or with others. */
export function isTestRun(args) {
  const words = args.filter((arg) => !arg.startsWith('-'));
  if (otherCommands.test(words[0] ?? '')) return false;
  return words.some((word) => /(^|#)test$/.test(word));
}

/**
 * The arguments of the turbo that runs this process as its task, if the host permits reading them.
 */
export function turboAbove() {
  if (process.platform !== 'linux' || process.env.TURBO_HASH === undefined) return [];
  try {
    for (let pid = process.ppid; pid > 1; ) {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
      if (/(^|\/)turbo$/.test(args[0] ?? '') && isTestRun(args.slice(1))) return args.slice(1);
      // The program name is in parentheses, and may itself contain spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    }
  } catch {
    // The process has ended, or may not be read. Then there are no arguments.
  }
  return [];
}
