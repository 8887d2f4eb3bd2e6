/** A place in a test that breaks a rule. */
export interface Breach {
  readonly line: number;
  readonly rule: string;
  /** The text to write instead. */
  readonly instead: string;
}

interface Rule {
  readonly name: string;
  readonly instead: string;
  /** The indexes at which the text breaks the rule. */
  find(text: string): Iterable<number>;
}

const clock = String.raw`(?:\b(?:performance|Date|host)\.now\(\)|\bhrtime(?:\.bigint)?\(|\bnew Date\(\))`;
const generators = 'Choices|Random|RandomTexts|choicesOf|xor\\w+|createSimNt';
const property =
  'checkProperty or checkRuns of test-kit: they set the seed and print how to repeat a failure';
const limit = "the test's own time-out, a count, or toBeGreaterThanOrEqual";

/** Rules for tests outside test-kit: each finds code that breaks it. */
const rules: readonly Rule[] = [
  {
    name: 'fast-check is called directly',
    instead: property,
    find: matches(
      /\bfc\s*\.\s*(?:assert|check)\s*\(|import\s*\{[^}]*\b(?:assert|check)\b[^}]*\}\s*from 'fast-check'/g,
    ),
  },
  {
    name: 'a random number without a seed',
    instead: property,
    find: matches(/\bMath\s*\.\s*random\b/g),
  },
  {
    name: 'a clock as a seed',
    instead: property,
    find: matches(
      new RegExp(
        `\\w*seed\\w*\\s*[:=][^;,\\n]*${clock}|\\b(?:${generators})\\([^;\\n]*${clock}`,
        'gi',
      ),
    ),
  },
  { name: 'an upper limit of elapsed time', instead: limit, find: elapsedLimits },
  {
    // Node then copies in C++, and ends with 0xC0000409 (seen in Windows Node 22.23.3 under Wine).
    name: 'a copied directory, which ends Node on Windows if its path is not ASCII',
    instead: 'cpSync with a filter, such as () => true',
    find: matches(/\bcpSync\((?:(?!\bfilter\b)[^;])*\brecursive\b(?:(?!\bfilter\b)[^;])*;/g),
  },
];

/** The places at which a test breaks a rule. */
export function breachesOf(source: string): Breach[] {
  const text = withoutComments(source);
  return rules.flatMap(({ name, instead, find }) =>
    [...find(text)].map((at) => ({
      line: text.slice(0, at).split('\n').length,
      rule: name,
      instead,
    })),
  );
}

function matches(pattern: RegExp): (text: string) => number[] {
  return (text) => [...text.matchAll(pattern)].map(({ index }) => index);
}

/** Replaces comments with spaces, so that line numbers do not change. */
function withoutComments(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, ' ');
  return text.replace(/^\s*\/\/.*$/gm, blank).replace(/\/\*[\s\S]*?\*\//g, blank);
}

/** Finds an `expect` with an upper limit on a value that was measured with a clock. */
function* elapsedLimits(text: string): Generator<number> {
  const measured = measuredBy(text);
  for (const { index } of text.matchAll(/\bexpect\(/g)) {
    const end = closing(text, index + 'expect'.length);
    const value = text.slice(index + 'expect('.length, end);
    if (!measured.test(value)) continue;
    const matcher = text.slice(end + 1, end + 60);
    const isLimit = /^\s*(?:\.toBeLessThan|\.toBeCloseTo|\.not\s*\.toBeGreaterThan)/.test(matcher);
    // A less-than sign that is not part of a generic or an arrow compares with a limit, for any
    // expected value.
    if (isLimit || /[^<=]<=? *[\w(]/.test(value.replace(/<[A-Z]\w*>/g, ''))) yield index;
  }
}

/** A pattern for a clock, a name of a duration, or a variable that was assigned from a clock. */
function measuredBy(text: string): RegExp {
  const names: string[] = [];
  const pattern = () =>
    new RegExp(
      [clock, String.raw`\b(?:elapsed|took|duration)(?:Ms|Us|Ns|Seconds)?\b`]
        .concat(names.map((name) => `\\b${name}\\b`))
        .join('|'),
    );
  for (const [, name = '', value = ''] of text.matchAll(/\b(?:const|let) (\w+) = ([^;]*);/g)) {
    // A function that will read the clock later is not a measured time.
    if (!value.includes('=>') && pattern().test(value)) names.push(name);
  }
  return pattern();
}

/** The index of the bracket that matches the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1;
    if (text[index] === ')') depth -= 1;
    if (depth === 0) return index;
  }
  return text.length;
}
