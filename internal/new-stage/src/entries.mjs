// The places that list every stage. Each gets a line or a column after the previous stage.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rank, StageError } from './names.mjs';

/** `stage` matches the line of a stage, and captures the number and the letter. */
const lists = [
  {
    file: 'internal/poc-ladder/src/stages.ts',
    stage: /^ *\{ name: '(\d+)([a-z]?)-/,
    line: (names) => `  { name: '${names.rung}', package: '${names.package}', accepts: false },`,
  },
  {
    file: 'internal/poc-ladder/package.json',
    stage: /^ *"poc-stage(\d+)([a-z]?)-/,
    line: (names) => `    "${names.package}": "workspace:*",`,
  },
  {
    file: 'internal/pipeline/test/tidy.test.ts',
    stage: /^ *'poc-stage(\d+)([a-z]?)-/,
    line: (names) => `  '${names.package}': ['ntdllx', 'tofu-sockets', 'poc-kit'],`,
  },
  {
    file: 'docs/how/stages.md',
    stage: /^\| \[poc-stage(\d+)([a-z]?)-/,
    line: (names) => `| [${names.package}](../../packages/${names.package}) | not proven yet |`,
  },
  {
    file: 'kb/README.md',
    stage: /^\| \[PLAN-STAGE(\d+)([A-Z]?)-/,
    line: (names) => `| [${names.plan}](${names.plan}.md) | the plan of stage ${names.number} |`,
  },
  {
    file: 'kb/ROADMAP.md',
    stage: /^\| I+ \| (\d+)([a-zA-Z]?)\b/,
    line: (names) => {
      const stage = `${names.number} ${names.name}`;
      return `| I | ${stage} | not written yet: [plan](${names.plan}.md) | not proven yet |`;
    },
  },
];

function insertLine(text, { file, stage, line }, names) {
  const lines = text.split('\n');
  const at = lastNotBehind(lines, stage, names.number);
  if (at === -1)
    throw new StageError(`${file} lists no stage that matches ${stage}: do it by hand.`);
  return lines.toSpliced(at + 1, 0, line(names)).join('\n');
}

/**
 * The position of the last stage that sorts before this one; if there is none, of the first stage.
 */
function lastNotBehind(texts, stage, number) {
  const own = rankOf(number, /^(\d+)([a-z]?)$/);
  const ranks = texts.map((text) => rankOf(text, stage));
  const before = ranks.findLastIndex((each) => each !== undefined && each < own);
  return before === -1 ? ranks.findIndex((each) => each !== undefined) : before;
}

function rankOf(text, stage) {
  const [, number, letter] = stage.exec(text) ?? [];
  return number === undefined ? undefined : rank(number, letter.toLowerCase());
}

const hosts = 'kb/HOSTS.md';

/**
 * Adds a column to the table of stages. Its cells are empty: the stage has not been proven on any
 * host.
 */
function insertColumn(text, names) {
  const lines = text.split('\n');
  const top = lines.findIndex((line) => /^\| host \|.*\| \d+[A-Z]? /.test(line));
  if (top === -1) throw new StageError(`${hosts} has no table of stages: do it by hand.`);
  const cells = lines[top].split('|');
  const at = lastNotBehind(cells, /^ (\d+)([A-Za-z]?)\b/, names.number) + 1;
  const insert = (row, cell) => {
    lines[row] = lines[row].split('|').toSpliced(at, 0, cell).join('|');
  };
  insert(top, ` ${names.number} ${names.name} `);
  insert(top + 1, '---');
  for (let row = top + 2; lines[row]?.startsWith('|'); row += 1) insert(row, ' ');
  return lines.join('\n');
}

/** Returns the files with the stage added: path to text. Writes nothing. */
export function entries(root, names) {
  const texts = new Map();
  const text = (file) => texts.get(file) ?? readFileSync(join(root, file), 'utf8');
  for (const list of lists) texts.set(list.file, insertLine(text(list.file), list, names));
  texts.set(hosts, insertColumn(text(hosts), names));
  return texts;
}
