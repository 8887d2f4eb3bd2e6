/** A place in a test that breaks a rule. */
export interface Breach {
  readonly line: number;
  readonly rule: string;
  /** What to write instead. */
  readonly instead: string;
}

interface Rule {
  readonly name: string;
  readonly instead: string;
  /** Where the text breaks it, as indexes. */
  find(text: string): Iterable<number>;
}

const clock = String.raw`(?:\b(?:performance|Date|host)\.now\(\)|\bhrtime(?:\.bigint)?\(|\bnew Date\(\))`;
const generators = 'Choices|Random|RandomTexts|choicesOf|xor\\w+|createSimNt';
const property =
  'checkProperty or checkRuns of test-kit: they give the seed and print how to repeat';
const limit =
  "no upper limit of elapsed time: the test's own time-out, a count, or toBeGreaterThanOrEqual";

/** What no test outside test-kit may do. */
const rules: readonly Rule[] = [
  {
    name: 'fast-check is started without the seed helper',
    instead: property,
    find: matches(
      /\bfc\s*\.\s*(?:assert|check)\s*\(|import\s*\{[^}]*\b(?:assert|check)\b[^}]*\}\s*from 'fast-check'/g,
    ),
  },
  { name: 'chance without a seed', instead: property, find: matches(/\bMath\s*\.\s*random\b/g) },
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
];

/** Where a test breaks a rule. */
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

/** Comments become spaces, so that every line keeps its number. */
function withoutComments(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, ' ');
  return text.replace(/^\s*\/\/.*$/gm, blank).replace(/\/\*[\s\S]*?\*\//g, blank);
}

/** `expect` of something that was measured by a clock, with an upper limit. */
function* elapsedLimits(text: string): Generator<number> {
  const measured = measuredBy(text);
  for (const { index } of text.matchAll(/\bexpect\(/g)) {
    const end = closing(text, index + 'expect'.length);
    const value = text.slice(index + 'expect('.length, end);
    if (!measured.test(value)) continue;
    const matcher = text.slice(end + 1, end + 60);
    const isLimit = /^\s*(?:\.toBeLessThan|\.toBeCloseTo|\.not\s*\.toBeGreaterThan)/.test(matcher);
    // Generics and arrows aside, a smaller-than is a limit whatever is expected of it.
    if (isLimit || /[^<=]<=? *[\w(]/.test(value.replace(/<[A-Z]\w*>/g, ''))) yield index;
  }
}

/** What fits a clock, a name that says a duration, or a variable that a clock was written to. */
function measuredBy(text: string): RegExp {
  const names: string[] = [];
  const pattern = () =>
    new RegExp(
      [clock, String.raw`\b(?:elapsed|took|duration)(?:Ms|Us|Ns|Seconds)?\b`]
        .concat(names.map((name) => `\\b${name}\\b`))
        .join('|'),
    );
  for (const [, name = '', value = ''] of text.matchAll(/\b(?:const|let) (\w+) = ([^;]*);/g)) {
    // A function that reads the clock later is not a time.
    if (!value.includes('=>') && pattern().test(value)) names.push(name);
  }
  return pattern();
}

/** The index of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1;
    if (text[index] === ')') depth -= 1;
    if (depth === 0) return index;
  }
  return text.length;
}
