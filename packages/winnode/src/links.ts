import {
  chmodSync,
  closeSync,
  type FSWatcher,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  unlinkSync,
  watch,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { toWindowsPath } from './windows-path.js';

/*
 * Windows Node asks this host about symbolic links: not every Wine can resolve them, and none shows
 * them to lstat. The preload has the other side.
 *
 * Node has no blocking call between two processes that works under Wine but reading and writing a
 * file. So each thread of a program that asks has a file of its own in the directory of the session:
 * questions and answers in turn, a line of JSON each. The side that wrote last waits for the other.
 */

/**
 * What is asked: the real path; what a link holds; the real paths of all that is in a directory; to
 * remove a link, or all links in a tree.
 */
export type LinkQuestion = readonly [kind: 'real' | 'link' | 'directory' | 'unlink', path: string];

/** An answer. All paths are Windows paths. */
export interface LinkAnswer {
  /** Why there is none: a code of the file system's, or `EUNKNOWN` for a path that only Wine knows. */
  readonly error?: string;
  /** The real path. */
  readonly real?: string;
  /** What the link holds, or held; not there for what is no link. */
  readonly target?: string;
  /** Of a directory: device and inode, which are the same by whatever path it is reached. */
  readonly id?: string;
  /** Of a directory: the links in it by name, and their real paths. Broken ones are left out. */
  readonly links?: readonly (readonly [name: string, real: string])[];
  /** Of a directory: what else is in it. */
  readonly others?: readonly string[];
}

/** Answers for as long as a session lasts. */
export interface LinkService {
  /** Where programs put their questions. */
  readonly directory: string;
  /** Answers no more. Programs that run on are left with what Wine says. Idempotent. */
  close(): void;
}

/** How often questions are looked for where the system cannot say that a file was written. */
const lookMs = 5;

/** Starts to answer questions. @param directory is made @param prefix the Wine prefix of the programs */
export function answerLinks(directory: string, prefix: string): LinkService {
  mkdirSync(directory, { recursive: true });
  // Whatever the umask: programs make files in it, and it is to be removed.
  chmodSync(directory, 0o700);
  const positions = new Map<string, number>();
  const look = (name: string) => {
    const position = positions.get(name) ?? 0;
    positions.set(name, position + answerFrom(join(directory, name), position, prefix));
  };
  const lookAtAll = () => {
    for (const name of namesIn(directory)) look(name);
  };
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  const poll = () => {
    timer ??= setInterval(lookAtAll, lookMs).unref();
  };
  try {
    watcher = watch(directory, { persistent: false }, (_event, name) =>
      name === null ? lookAtAll() : look(name),
    );
    watcher.on('error', poll);
  } catch {
    // The user's inotify watches are all in use.
    poll();
  }
  return {
    directory,
    close() {
      watcher?.close();
      clearInterval(timer);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function openForAnswers(file: string): number | undefined {
  try {
    return openSync(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return undefined;
  }
  try {
    // The program's umask may leave its owner no right to write.
    chmodSync(file, 0o600);
    return openSync(file, 'r+');
  } catch {
    return undefined;
  }
}

/** Answers what stands in a file from there on. @returns how many bytes question and answer have */
function answerFrom(file: string, position: number, prefix: string): number {
  const descriptor = openForAnswers(file);
  if (descriptor === undefined) return 0;
  try {
    const parts: Buffer[] = [];
    let asked = 0;
    for (;;) {
      const part = Buffer.alloc(4_096);
      const count = readSync(descriptor, part, 0, part.length, position + asked);
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      asked += count;
    }
    const question = Buffer.concat(parts).toString();
    // A question that is not whole yet makes another event.
    if (!question.endsWith('\n')) return 0;
    const answer = Buffer.from(`${JSON.stringify(answered(JSON.parse(question), prefix))}\n`);
    writeSync(descriptor, answer, 0, answer.length, position + asked);
    return asked + answer.length;
  } catch {
    // The disk is full, say: the program then goes on with what Wine says.
    return 0;
  } finally {
    closeSync(descriptor);
  }
}

/** Answers one question. Never throws. */
export function answered([kind, path]: LinkQuestion, prefix: string): LinkAnswer {
  const drive = driveOf(path, prefix);
  if (drive === undefined) return { error: 'EUNKNOWN' };
  try {
    const file = findFile(drive.root, drive.rest);
    const toWindows = (real: string) => windowsPathOf(real, drive);
    if (kind === 'link') return linkAt(file);
    if (kind === 'unlink') {
      const link = linkAt(file);
      removeLinks(file);
      return link;
    }
    const real = realpathSync.native(file);
    if (kind === 'real') return { real: toWindows(real) };
    return { real: toWindows(real), ...contentsOf(real, toWindows) };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN' };
  }
}

function linkAt(file: string): LinkAnswer {
  if (!lstatSync(file).isSymbolicLink()) return {};
  const held = readlinkSync(file);
  if (held.startsWith('/')) return { target: toWindowsPath(held, 'linux') };
  return { target: held.replaceAll('/', '\\') };
}

/** Removes a link, or the links in a tree, and nothing else. */
function removeLinks(file: string): void {
  const found = lstatSync(file);
  if (found.isSymbolicLink()) unlinkSync(file);
  else if (found.isDirectory()) {
    for (const name of readdirSync(file)) removeLinks(join(file, name));
  }
}

function contentsOf(directory: string, toWindows: (real: string) => string): LinkAnswer {
  const { dev, ino } = statSync(directory, { bigint: true });
  const links: [name: string, real: string][] = [];
  const others: string[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) others.push(entry.name);
    else {
      try {
        links.push([entry.name, toWindows(realpathSync.native(join(directory, entry.name)))]);
      } catch {
        // It leads nowhere, or around in a circle.
      }
    }
  }
  return { id: `${dev}:${ino}`, links, others };
}

interface Drive {
  readonly letter: string;
  /** Where it leads on this host. */
  readonly root: string;
  /** The parts of the path below it. */
  readonly rest: readonly string[];
}

function driveOf(path: string, prefix: string): Drive | undefined {
  const found = /^(?:\\\\\?\\)?([a-z]):\\(.*)$/is.exec(path);
  if (found === null) return undefined;
  const letter = (found[1] as string).toUpperCase();
  const root = letter === 'Z' ? '/' : join(prefix, 'dosdevices', `${letter.toLowerCase()}:`);
  return { letter, root, rest: (found[2] as string).split('\\').filter(Boolean) };
}

/** Follows a path as Wine does: a name is looked for as it is written, then in any case of letters. */
function findFile(root: string, rest: readonly string[]): string {
  const exact = join(root, ...rest);
  if (lstatSync(exact, { throwIfNoEntry: false }) !== undefined) return exact;
  return rest.reduce((directory, name) => {
    const file = join(directory, name);
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return file;
    const wanted = name.toLowerCase();
    const found = readdirSync(directory).find((each) => each.toLowerCase() === wanted);
    return join(directory, found ?? name);
  }, root);
}

/** What is on the drive that was asked for keeps it; all else is on Z, which is the whole host. */
function windowsPathOf(real: string, { letter, root }: Drive): string {
  const top = realpathSync.native(root);
  if (letter !== 'Z' && (real === top || real.startsWith(`${top}/`))) {
    return `${letter}:${real.slice(top.length).replaceAll('/', '\\') || '\\'}`;
  }
  return toWindowsPath(real, 'linux');
}
