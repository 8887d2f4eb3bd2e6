import { WinnodeError } from './errors.js';
import { parseSeconds, secondsRange } from './limits.js';

/** What a command line asks for. */
export type Asked =
  | { readonly what: 'help' | 'version' }
  | { readonly what: 'doctor'; readonly isJson: boolean }
  | {
      readonly what: 'findings';
      readonly form: 'text' | 'json' | 'markdown';
      /** The findings that are asked for by number; none: all. */
      readonly ids: readonly string[];
    }
  | { readonly what: 'run'; readonly args: readonly string[]; readonly timeLimitMs?: number };

const seeHelp = 'winnode --help lists the options.';

/**
 * Reads a command line. winnode's own options come first; from the first word that is none of them
 * on, everything is Node's.
 *
 * @throws {WinnodeError} `ERR_USAGE`.
 */
export function parseArguments(args: readonly string[]): Asked {
  let timeLimitMs: number | undefined;
  for (let index = 0; ; index += 1) {
    const [word = '', ...rest] = args.slice(index);
    if (word === '--help') return { what: 'help' };
    if (word === '--version') return { what: 'version' };
    if (word === 'doctor') return parseDoctor(rest);
    const limit = /^--time-limit(?:=(.*))?$/s.exec(word);
    if (limit === null) {
      const own = timeLimitMs === undefined ? {} : { timeLimitMs };
      return { what: 'run', args: args.slice(index), ...own };
    }
    if (limit[1] === undefined) index += 1;
    timeLimitMs = requireSeconds(limit[1] ?? rest[0]);
  }
}

function parseDoctor(rest: readonly string[]): Asked {
  if (rest.some((word) => word === '--help' || word === '-h')) return { what: 'help' };
  const isProbe = rest.includes('--probe');
  const ids = rest.filter((word) => /^F\d\d$/i.test(word)).map((id) => id.toUpperCase());
  const known = ['--probe', '--json', '--markdown'];
  const unknown = rest.find((word) => !known.includes(word) && !ids.includes(word.toUpperCase()));
  if (ids.length > 0 && !isProbe) {
    const hint = `winnode doctor --probe ${ids.join(' ')}`;
    throw new WinnodeError('ERR_USAGE', `${ids.join(', ')}: findings go with --probe.`, hint);
  }
  if (unknown !== undefined) {
    throw new WinnodeError(
      'ERR_USAGE',
      `doctor takes --probe, --json, --markdown and numbers of findings such as F06, not "${unknown}".`,
      'A script of that name is run by: winnode ./doctor.js',
    );
  }
  const [isJson, isMarkdown] = [rest.includes('--json'), rest.includes('--markdown')];
  if (isMarkdown && (isJson || !isProbe)) {
    const message = '--markdown goes with doctor --probe, and without --json.';
    throw new WinnodeError('ERR_USAGE', message, seeHelp);
  }
  if (!isProbe) return { what: 'doctor', isJson };
  if (isMarkdown) return { what: 'findings', form: 'markdown', ids };
  return { what: 'findings', form: isJson ? 'json' : 'text', ids };
}

function requireSeconds(text: string | undefined): number {
  const limitMs = parseSeconds(text ?? '');
  if (limitMs !== undefined) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    text === undefined
      ? '--time-limit wants a number of seconds.'
      : `--time-limit wants a number of seconds ${secondsRange}, got "${text}".`,
    seeHelp,
  );
}
