// The places that list every stage. Each gets a line, or a column, behind the stage before.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rank, StageError } from './names.mjs';

/** `stage` finds a line of a stage, and in it the number and the letter. */
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
    file: 'README.md',
    stage: /^\| \[poc-stage(\d+)([a-z]?)-/,
    line: (names) => `| [${names.package}](packages/${names.package}) | not proven yet |`,
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

/** Where the last stage is that comes before this one; the first one of all if none does. */
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

/** A column of the table of stages; its cells are empty, for nothing was proven anywhere. */
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

/** The files with the stage entered: path to text. Changes nothing. */
export function entries(root, names) {
  const texts = new Map();
  const text = (file) => texts.get(file) ?? readFileSync(join(root, file), 'utf8');
  for (const list of lists) texts.set(list.file, insertLine(text(list.file), list, names));
  texts.set(hosts, insertColumn(text(hosts), names));
  return texts;
}
