// Finds figures, which are numbers with units, that occur in more than one page. If such a figure
// is corrected in one page only, the other page is wrong.

const units = [
  'min \\d+ s|ns|µs|ms|s|min|minutes?|seconds?|hours?|days?',
  'bits?|bytes?|B|KB|KiB|MB|MiB|GB|GiB',
  '%|places?|times',
  'sockets?|connections?|clients?|handles?|requests?|polls?|events?|messages?|packets?|waits?',
  'registrations?|threads?|processes|prefixes|tests?|operations?|worlds?|starts?|runs?|calls?|commands?',
].join('|');
const figure = new RegExp(
  String.raw`(?<![\w.,:/#-])(\d[\d,]*(?:\.\d+)?)(?: |\u00a0)?(${units})(?![\w-])`,
  'g',
);

/** A page without console output, addresses of links and code. */
const prose = (text) =>
  text
    .replace(/^( *)```[\s\S]*?^\1```$/gm, '')
    .replace(/`[^`\n]*`/g, '``')
    .replace(/\]\([^)]*\)/g, ']');

/** The figures of a page, each once, as `4 ms`. */
export function figuresOf(text) {
  const found = [...prose(text).matchAll(figure)];
  return new Set(
    found.map(([, number, unit]) => `${number.replaceAll(',', '')} ${singular(unit)}`),
  );
}

const singular = (unit) => {
  if (unit === 'processes') return 'process';
  return unit.length > 3 ? unit.replace(/(?<=[a-z])s$/, '') : unit;
};

/**
 * @param {ReadonlyMap<string, string>} pages text by name
 * @returns {[figure: string, pages: string[]][]} those in more than one page, in order
 */
export function repeatedFigures(pages) {
  const places = new Map();
  for (const [page, text] of pages) {
    for (const each of figuresOf(text)) places.set(each, [...(places.get(each) ?? []), page]);
  }
  return [...places].filter(([, found]) => found.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
}
