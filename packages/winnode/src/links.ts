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
 * Windows Node asks this process about symbolic links: some versions of Wine do not resolve them,
 * and no version shows them to lstat. This is the answering side of the protocol; the asking side
 * is preload-links.cts.
 *
 * Reading and writing a file is the only blocking communication between two processes that works
 * in Node under Wine. So each thread that asks has its own file in the directory of the session.
 * Questions and answers alternate in the file, one line of JSON each. The side that wrote last
 * waits for the other.
 */

/**
 * The questions. `real`: the real path. `link`: the target of a link. `directory`: the real paths
 * of all entries of a directory. `unlink`: remove a link, or all links in a tree.
 */
export type LinkQuestion = readonly [kind: 'real' | 'link' | 'directory' | 'unlink', path: string];

/** An answer. All paths are Windows paths. */
export interface LinkAnswer {
  /**
   * Why there is no answer: an error code of the file system, or `EUNKNOWN` for a path that only
   * Wine knows.
   */
  readonly error?: string;
  /** The real path. */
  readonly real?: string;
  /** The target of the link, also of one that was removed; absent if the path is not a link. */
  readonly target?: string;
  /** Of a directory: device and inode. They are equal for every path to the same directory. */
  readonly id?: string;
  /** Of a directory: the links in it by name, and their real paths. Broken ones are left out. */
  readonly links?: readonly (readonly [name: string, real: string])[];
  /** Of a directory: its other entries. */
  readonly others?: readonly string[];
}

/** Answers questions until the session ends. */
export interface LinkService {
  /** The directory into which programs write their questions. */
  readonly directory: string;
  /** Stops answering. Programs that are still running then get Wine's own answers. Idempotent. */
  close(): void;
}

/** How often winnode reads the files if the system cannot report that a file was written. */
const pollMs = 5;

/**
 * Starts to answer questions.
 *
 * @param directory is created
 * @param prefix the Wine prefix of the programs
 */
export function answerLinks(directory: string, prefix: string): LinkService {
  mkdirSync(directory, { recursive: true });
  // Set explicitly, because the umask may remove a permission: programs create files in the
  // directory, and winnode removes it at the end.
  chmodSync(directory, 0o700);
  const positions = new Map<string, number>();
  const check = (name: string) => {
    const position = positions.get(name) ?? 0;
    positions.set(name, position + answerFrom(join(directory, name), position, prefix));
  };
  const checkAll = () => {
    for (const name of namesIn(directory)) check(name);
  };
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  const poll = () => {
    timer ??= setInterval(checkAll, pollMs).unref();
  };
  try {
    watcher = watch(directory, { persistent: false }, (_event, name) =>
      name === null ? checkAll() : check(name),
    );
    watcher.on('error', poll);
  } catch {
    // All inotify watches of the user are in use.
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
    // The program's umask may have removed the owner's write permission.
    chmodSync(file, 0o600);
    return openSync(file, 'r+');
  } catch {
    return undefined;
  }
}

/**
 * Answers the question at a position of a file.
 *
 * @returns the number of bytes of question and answer
 */
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
    // The question is incomplete. The program's next write causes another event.
    if (!question.endsWith('\n')) return 0;
    const answer = Buffer.from(`${JSON.stringify(answered(JSON.parse(question), prefix))}\n`);
    writeSync(descriptor, answer, 0, answer.length, position + asked);
    return asked + answer.length;
  } catch {
    // For example, the disk is full. The program gets no answer and then uses Wine's result.
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

/** Removes a link, or all links in a tree. It removes nothing else. */
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
        // The link is broken or circular.
      }
    }
  }
  return { id: `${dev}:${ino}`, links, others };
}

interface Drive {
  readonly letter: string;
  /** The directory of the drive on this host. */
  readonly root: string;
  /** The components of the path below that directory. */
  readonly rest: readonly string[];
}

function driveOf(path: string, prefix: string): Drive | undefined {
  const found = /^(?:\\\\\?\\)?([a-z]):\\(.*)$/is.exec(path);
  if (found === null) return undefined;
  const letter = (found[1] as string).toUpperCase();
  const root = letter === 'Z' ? '/' : join(prefix, 'dosdevices', `${letter.toLowerCase()}:`);
  return { letter, root, rest: (found[2] as string).split('\\').filter(Boolean) };
}

/**
 * Resolves a path as Wine does: each name is first looked up as it is written, then in any case.
 */
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

/**
 * A path on the drive of the question keeps that drive's letter. Any other path is on drive Z, which
 * shows the whole file system of the host.
 */
function windowsPathOf(real: string, { letter, root }: Drive): string {
  const top = realpathSync.native(root);
  if (letter !== 'Z' && (real === top || real.startsWith(`${top}/`))) {
    return `${letter}:${real.slice(top.length).replaceAll('/', '\\') || '\\'}`;
  }
  return toWindowsPath(real, 'linux');
}
