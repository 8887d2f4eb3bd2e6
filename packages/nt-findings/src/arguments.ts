import { ProbeError } from './errors.js';

/** The result of parsing a command line. */
export type Asked =
  | { readonly what: 'help' | 'version' }
  | {
      readonly what: 'page';
      /** The output file; undefined: standard output. */
      readonly file: string | undefined;
    }
  | {
      readonly what: 'probe';
      readonly form: 'text' | 'json' | 'markdown';
      /** Whether the observations of this kernel are recorded. */
      readonly isRecorded: boolean;
      /** The numbers of the findings to probe; empty: all. */
      readonly ids: readonly string[];
    };

const seeHelp = 'nt-findings --help lists the commands and their options.';
const options = ['--json', '--markdown', '--record'];
const isHelp = (word: string | undefined) => word === '--help' || word === '-h';

/**
 * Parses a command line.
 *
 * @throws {ProbeError} `ERR_USAGE`.
 */
export function parseArguments([command, ...rest]: readonly string[]): Asked {
  const isKnown = command === 'probe' || command === 'page';
  if (isHelp(command) || (isKnown && rest.some(isHelp))) return { what: 'help' };
  if (command === '--version') return { what: 'version' };
  if (command === 'page') return parsePage(rest);
  if (command !== 'probe') {
    const message =
      command === undefined
        ? 'The command is missing: it must be probe or page.'
        : `Unknown command "${command}": it must be probe or page.`;
    throw new ProbeError('ERR_USAGE', message, seeHelp);
  }
  const isId = (word: string) => /^F\d\d$/i.test(word);
  const unknown = rest.find((word) => !options.includes(word) && !isId(word));
  if (unknown !== undefined) {
    const known = `${options.join(', ')} and numbers of findings such as F06`;
    const message = `Unknown argument of probe: "${unknown}". It accepts ${known}.`;
    throw new ProbeError('ERR_USAGE', message, seeHelp);
  }
  const ids = rest.filter(isId).map((id) => id.toUpperCase());
  const [isJson, isMarkdown, isRecorded] = options.map((option) => rest.includes(option));
  if (isJson && isMarkdown) {
    const message = '--json and --markdown cannot be used together: the output has one format.';
    throw new ProbeError('ERR_USAGE', message, 'Leave out one of the two.');
  }
  if (isRecorded && ids.length > 0) {
    const message = `--record needs a run of all findings, but only ${ids.join(', ')} would run.`;
    throw new ProbeError('ERR_USAGE', message, 'Leave out the numbers, or --record.');
  }
  const form = isJson ? 'json' : isMarkdown ? 'markdown' : 'text';
  return { what: 'probe', form, isRecorded: isRecorded === true, ids };
}

function parsePage([file, ...more]: readonly string[]): Asked {
  const option = [file, ...more].find((word) => word?.startsWith('-'));
  if (option === undefined && more.length === 0) return { what: 'page', file };
  const message =
    option === undefined
      ? `page accepts one file, but "${more[0]}" is a second one.`
      : `Unknown option of page: "${option}". It accepts only the name of a file.`;
  throw new ProbeError('ERR_USAGE', message, seeHelp);
}
