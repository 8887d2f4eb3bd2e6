/*
 * The Windows Node side of links.ts: gets facts about symbolic links from this host. Used by
 * preload.cts.
 */
const fs: typeof import('node:fs') = require('node:fs');
const path: typeof import('node:path') = require('node:path');
const url: typeof import('node:url') = require('node:url');
const worker: typeof import('node:worker_threads') = require('node:worker_threads');

type LinkAnswer = import('./links.js', { with: { 'resolution-mode': 'import' }}).LinkAnswer;
type LinkQuestion = import('./links.js', { with: { 'resolution-mode': 'import' }}).LinkQuestion;

/** The variable with the directory for questions. Workers with another environment get it, too. */
const variable = 'WINNODE_LINKS';
/**
 * An answer takes a fraction of a millisecond. After this many polls without a pause the thread
 * sleeps between polls.
 */
const quickPolls = 20;
/** The thread gives up after this time: winnode's process is busy. */
const limitMs = 10_000;

/** Wine's own realpath, used if winnode does not answer. */
let realByWine = fs.realpathSync.native;

const directory = process.env[variable] ?? worker.getEnvironmentData(variable)?.toString() ?? '';
if (directory !== '') worker.setEnvironmentData(variable, directory);

let descriptor: number | undefined;
let position = 0;
let isOver = directory === '';
const cell = new Int32Array(new SharedArrayBuffer(4));

/** The answer of winnode, on the host; undefined if there is none. */
function ask(...question: LinkQuestion): LinkAnswer | undefined {
  if (isOver) return undefined;
  try {
    const file = `${process.pid}-${worker.threadId}-${Date.now().toString(36)}`;
    descriptor ??= fs.openSync(path.join(directory, file), 'wx+');
    position += fs.writeSync(descriptor, `${JSON.stringify(question)}\n`, position);
    const answer = readAnswer(descriptor);
    if (answer !== undefined) return JSON.parse(answer) as LinkAnswer;
  } catch {
    // The session is closed, or the program may not write there. It uses Wine's own results.
  }
  isOver = true;
  return undefined;
}

function readAnswer(from: number): string | undefined {
  const parts: Buffer[] = [];
  const startedMs = performance.now();
  for (let polls = 0; ; ) {
    const part = Buffer.alloc(16_384);
    const count = fs.readSync(from, part, 0, part.length, position);
    position += count;
    if (count > 0) parts.push(part.subarray(0, count));
    if (count > 0 && part[count - 1] === 10) return Buffer.concat(parts).toString();
    polls += 1;
    if (polls < quickPolls) continue;
    Atomics.wait(cell, 0, 0, 1);
    if (polls % 64 === 0 && !fs.existsSync(directory)) return undefined;
    if (performance.now() - startedMs > limitMs) {
      process.emitWarning(
        `winnode did not answer within ${limitMs / 1_000} s: symbolic links are not resolved any more`,
      );
      return undefined;
    }
  }
}

interface Known {
  readonly real: string;
  readonly links: ReadonlyMap<string, string>;
  readonly others: ReadonlySet<string>;
}

const directories = new Map<string, Known>();

function askDirectory(name: string): Known | undefined {
  const { real, id, links = [], others = [] } = ask('directory', name) ?? {};
  if (real === undefined || id === undefined) return undefined;
  const known = { real, links: new Map(links), others: new Set(others) };
  directories.set(name, known);
  // The loader asks for modules of that directory by its real path next.
  directories.set(real, known);
  notice(id, real);
  return known;
}

const seen = new Map<string, string>();
const reported = new Set<string>();

/**
 * Warns if a package is loaded by two paths. Node then treats it as two packages with different
 * classes.
 */
function notice(id: string, real: string): void {
  const other = seen.get(id);
  if (other === undefined) seen.set(id, real);
  if (other === undefined || other === real) return;
  const [here, there] = [packageOf(real), packageOf(other)];
  if (here === undefined || reported.has(here.name)) return;
  reported.add(here.name);
  process.emitWarning(
    `${here.name} is loaded twice, by two paths: ${there?.root ?? other} and ${here.root}`,
    { type: 'WinnodeWarning', code: 'WINNODE_LOADED_TWICE' },
  );
}

function packageOf(start: string): { readonly name: string; readonly root: string } | undefined {
  for (let root = start; ; root = path.dirname(root)) {
    try {
      const text = fs.readFileSync(path.join(root, 'package.json'), 'utf8');
      const { name } = JSON.parse(text) as { name?: string };
      if (name !== undefined) return { name, root };
    } catch {
      // There is no package.json here, or it cannot be read.
    }
    if (path.dirname(root) === root) return undefined;
  }
}

const real = new Map<string, string>();

/**
 * The real path of a program file, as it was at the first request; undefined if the file does not
 * exist. One answer covers all files that are in a directory at that time. Any other file is
 * requested separately.
 */
function realFile(file: string): string | undefined {
  const found = real.get(file) ?? findFile(path.dirname(file), path.basename(file));
  if (found !== undefined) real.set(file, found);
  return found;
}

function findFile(name: string, entry: string): string | undefined {
  const known = directories.get(name);
  const found = known === undefined ? undefined : entryOf(known, entry);
  if (found !== undefined) return found;
  const current = isOver ? undefined : askDirectory(name);
  const file = (current && entryOf(current, entry)) ?? realNow(path.join(name, entry));
  if (isOver && file !== undefined) noticeByWine(path.dirname(file));
  return file;
}

const entryOf = ({ links, others, real }: Known, entry: string) =>
  links.get(entry) ?? (others.has(entry) ? path.join(real, entry) : undefined);

/** The current real path of a file; undefined if it does not exist. */
function realNow(file: string): string | undefined {
  const answer = ask('real', file);
  if (answer?.real !== undefined) return answer.real;
  try {
    return realByWine(file);
  } catch {
    return undefined;
  }
}

/** Used if winnode does not answer: Wine's stat shows at least which directories are identical. */
function noticeByWine(name: string): void {
  if (directories.has(name)) return;
  const { dev, ino } = fs.statSync(name, { bigint: true });
  directories.set(name, { real: name, links: new Map(), others: new Set() });
  notice(`${dev}:${ino}`, name);
}

/** The target of a symbolic link; undefined if the file is not a link. */
function linkTarget(file: string): string | undefined {
  return ask('link', file)?.target;
}

/**
 * Removes a link, or all links in a tree.
 *
 * @returns true if the path itself was a link and has been removed
 */
function removeLinks(file: string): boolean {
  return ask('unlink', file)?.target !== undefined;
}

/** The absolute form of a path argument of `node:fs`. */
function absolute(given: import('node:fs').PathLike): string {
  if (given instanceof URL) return path.resolve(url.fileURLToPath(given));
  return path.resolve(given.toString());
}

/** Saves Wine's own functions. Must be called before the functions of `node:fs` are replaced. */
function keepWines(): void {
  realByWine = fs.realpathSync.native;
}

module.exports = { absolute, keepWines, linkTarget, removeLinks, realFile, realNow };
