import { WinnodeError } from './errors.js';
import { parseSeconds, secondsRange } from './limits.js';

/** The result of parsing a command line. */
export type Asked =
  | { readonly what: 'help' | 'version' }
  | { readonly what: 'clean' }
  | ({ readonly what: 'install' } & Chosen)
  | { readonly what: 'doctor'; readonly isJson: boolean }
  | ({
      readonly what: 'run';
      readonly args: readonly string[];
      readonly timeLimitMs?: number;
    } & Chosen);

/** Settings that an option gives in place of an environment variable. */
interface Chosen {
  /** As `WINNODE_NODE`. */
  readonly node?: string;
}

const seeHelp = 'winnode --help lists the commands and options.';
/** The hint for a word that may be meant as the name of a script. */
const orScript = (name: string) => `To run a script of that name: winnode ./${name}.js`;

/**
 * Parses a command line. winnode's own options come first. The first word that is not an option of
 * winnode, and all words after it, are passed to Node.
 *
 * @throws {WinnodeError} `ERR_USAGE`.
 */
export function parseArguments(args: readonly string[]): Asked {
  let own: { timeLimitMs?: number; node?: string } = {};
  for (let index = 0; ; index += 1) {
    const [word = '', ...rest] = args.slice(index);
    if (word === '--help') return { what: 'help' };
    if (word === '--version') return { what: 'version' };
    if (word === 'doctor') return parseDoctor(rest);
    if (word === 'install' || word === 'clean') return parseAlone(word, rest, own);
    const option = /^--(time-limit|node)(?:=(.*))?$/s.exec(word);
    if (option === null) return { what: 'run', args: args.slice(index), ...own };
    const [, name, value = rest[0]] = option;
    if (option[2] === undefined) index += 1;
    own =
      name === 'node'
        ? { ...own, node: requireNode(value) }
        : { ...own, timeLimitMs: requireSeconds(value) };
  }
}

function parseAlone(
  what: 'install' | 'clean',
  rest: readonly string[],
  own: { readonly timeLimitMs?: number; readonly node?: string },
): Asked {
  if (rest.some((word) => word === '--help' || word === '-h')) return { what: 'help' };
  const [word, value, ...more] = rest;
  const option = what === 'install' ? /^--node(?:=(.*))?$/s.exec(word ?? '') : null;
  if (option !== null && (option[1] === undefined ? more : rest.slice(1)).length === 0) {
    return { what, node: requireNode(option[1] ?? value) } as Asked;
  }
  if (word !== undefined) {
    const known = what === 'install' ? 'only --node VERSION' : 'no arguments';
    const message = `Unknown argument of ${what}: "${word}". It accepts ${known}.`;
    throw new WinnodeError('ERR_USAGE', message, orScript(what));
  }
  return what === 'clean' || own.node === undefined ? { what } : { what, node: own.node };
}

function parseDoctor(rest: readonly string[]): Asked {
  if (rest.some((word) => word === '--help' || word === '-h')) return { what: 'help' };
  const unknown = rest.find((word) => word !== '--json');
  if (unknown === undefined) return { what: 'doctor', isJson: rest.length > 0 };
  const message = `Unknown argument of doctor: "${unknown}". It accepts only --json.`;
  throw new WinnodeError('ERR_USAGE', message, orScript('doctor'));
}

function requireSeconds(text: string | undefined): number {
  const limitMs = parseSeconds(text ?? '');
  if (limitMs !== undefined) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    text === undefined
      ? '--time-limit needs a number of seconds.'
      : `--time-limit needs a number of seconds ${secondsRange}, but got "${text}".`,
    seeHelp,
  );
}

function requireNode(text: string | undefined): string {
  if (text) return text;
  const message = '--node needs a version, such as 22, or the path of a node.exe.';
  throw new WinnodeError('ERR_USAGE', message, seeHelp);
}
