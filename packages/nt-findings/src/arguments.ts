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

const seeHelp = 'nt-findings --help says what there is.';
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
    const said = command === undefined ? 'nothing' : `"${command}"`;
    throw new ProbeError(
      'ERR_USAGE',
      `nt-findings wants the command probe or page, got ${said}.`,
      seeHelp,
    );
  }
  const isId = (word: string) => /^F\d\d$/i.test(word);
  const unknown = rest.find((word) => !options.includes(word) && !isId(word));
  if (unknown !== undefined) {
    const known = `${options.join(', ')} and numbers of findings such as F06`;
    throw new ProbeError('ERR_USAGE', `probe takes ${known}, not "${unknown}".`, seeHelp);
  }
  const ids = rest.filter(isId).map((id) => id.toUpperCase());
  const [isJson, isMarkdown, isRecorded] = options.map((option) => rest.includes(option));
  if (isJson && isMarkdown) {
    throw new ProbeError('ERR_USAGE', '--json and --markdown exclude each other.', seeHelp);
  }
  if (isRecorded && ids.length > 0) {
    const message = `--record writes what all findings showed, not ${ids.join(', ')} alone.`;
    throw new ProbeError('ERR_USAGE', message, 'Leave out the numbers, or --record.');
  }
  const form = isJson ? 'json' : isMarkdown ? 'markdown' : 'text';
  return { what: 'probe', form, isRecorded: isRecorded === true, ids };
}

function parsePage([file, ...more]: readonly string[]): Asked {
  const unknown = more[0] ?? (file?.startsWith('-') ? file : undefined);
  if (unknown === undefined) return { what: 'page', file };
  throw new ProbeError('ERR_USAGE', `page takes one file, not "${unknown}".`, seeHelp);
}
