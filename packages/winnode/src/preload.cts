/*
 * The preload. winnode sets NODE_OPTIONS, so that every Windows Node under Wine loads this file
 * before anything else. Child processes and workers inherit NODE_OPTIONS; preload-children.cts adds
 * it for those that get an environment of their own. This file repairs three things.
 * preload-packages.cts adds Windows packages.
 *
 * 1. Standard streams on a Unix pipe. Wine reports FILE_TYPE_PIPE, but its pipe functions reject
 *    the handle, and Node throws `EBADF` at the first use of process.stdout. Plain reads and
 *    writes work, so this file builds the streams on those.
 * 2. Symbolic links. Wine shows a Unix link as its target, so Node treats a linked package as a
 *    copy at the path of the link. Code that depends on the package's real path then fails. This
 *    file asks winnode on the host instead: see preload-links.cts.
 * 3. The exit code. After Ctrl-C Wine ends a program with exit code 0, as if it had succeeded, and
 *    of a crash's exit code it passes on only 8 bits. So a program removes one file when it starts
 *    and another when it exits by itself; see progress.ts.
 */
const fs: typeof import('node:fs') = require('node:fs');
const {
  hideLinks,
  mendFiles,
}: {
  hideLinks(): void;
  mendFiles(): void;
} = require('./preload-files.cjs');
const { mendChildren }: { mendChildren(): void } = require('./preload-children.cjs');
const { lendPackages }: { lendPackages(): void } = require('./preload-packages.cjs');
const { realFile }: { realFile(file: string): string | undefined } = require('./preload-links.cjs');
const module_: typeof import('node:module') = require('node:module');
const stream: typeof import('node:stream') = require('node:stream');
const url: typeof import('node:url') = require('node:url');
const worker: typeof import('node:worker_threads') = require('node:worker_threads');

type Stream = import('node:stream').Stream;
/** The native function that `process.exit` calls last. */
const native = process as unknown as { reallyExit(code?: number, ...rest: unknown[]): never };

function isBadHandle(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EBADF';
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += fs.writeSync(fd, bytes, sent);
    } catch (error) {
      // Another process made the pipe non-blocking, and the reader is slower than this writer.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function rebuild(name: 'stdin' | 'stdout' | 'stderr', fd: number): Stream {
  if (name === 'stdin') return fs.createReadStream('', { fd, autoClose: false });
  const writable = new stream.Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        writeAll(fd, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  // Properties of Node's own streams; console and other code use them.
  return Object.assign(writable, { fd, _type: 'pipe', _isStdio: true, destroySoon: writable.end });
}

function mendStream(name: 'stdin' | 'stdout' | 'stderr', fd: number): void {
  const original = Object.getOwnPropertyDescriptor(process, name);
  if (original?.get === undefined) return;
  const get = original.get;
  let mended: Stream | undefined;
  Object.defineProperty(process, name, {
    ...original,
    get() {
      if (mended !== undefined) return mended;
      try {
        return get.call(process);
      } catch (error) {
        if (!isBadHandle(error)) throw error;
        mended = rebuild(name, fd);
        return mended;
      }
    },
  });
}

/** A relative specifier with the complete name of a file: the loader need not try other names. */
const fileSpecifier = /^\.\.?\/.+\.[cm]?js$/;

/** The cache key of a package import; undefined for any other import. */
function packageKey(
  specifier: string,
  { conditions, importAttributes, parentURL }: import('node:module').ResolveHookContext,
): string | undefined {
  if (!conditions.includes('import') || parentURL === undefined) return undefined;
  if (Object.keys(importAttributes).length > 0) return undefined;
  if (!/^(@[^/:]+\/)?[^./#:][^:]*$/.test(specifier)) return undefined;
  const directory = parentURL.slice(0, parentURL.lastIndexOf('/'));
  return JSON.stringify([specifier, directory, conditions]);
}

function followLinks(): void {
  const real = new Map<string, string>();
  /** The real file URL; undefined if the URL is not a file's or the file does not exist. */
  const realAddress = (address: string): string | undefined => {
    if (!address.startsWith('file:')) return undefined;
    const known = real.get(address);
    if (known !== undefined) return known;
    const { search, hash } = new URL(address);
    const file = realFile(url.fileURLToPath(address));
    if (file === undefined) return undefined;
    const found = url.pathToFileURL(file).href + search + hash;
    real.set(address, found);
    return found;
  };
  /** Results of package imports, by directory: all modules of a directory get the same result. */
  const packages = new Map<string, import('node:module').ResolveFnOutput>();
  // Resolution for require and require.resolve.
  const loader = module_ as unknown as { _findPath(...args: unknown[]): string | false };
  const findPath = loader._findPath;
  loader._findPath = (...args) => {
    const found = findPath(...args);
    return found && (realFile(found) ?? found);
  };
  // WINNODE_NODE may select a Node without registerHooks; imports then keep the paths of links.
  module_.registerHooks?.({
    resolve(specifier, context, next) {
      // Node would look up the file a second time, which takes as long as this whole hook.
      if (context.conditions.includes('import') && fileSpecifier.test(specifier)) {
        const found = realAddress(new URL(specifier, context.parentURL).href);
        if (found !== undefined) return { url: found, shortCircuit: true };
      }
      // Node looks for a package again for each importing module, in one directory after another.
      // Under Wine it takes long to find out that a file does not exist.
      const key = packageKey(specifier, context);
      const known = key === undefined ? undefined : packages.get(key);
      if (known !== undefined) return { ...known, shortCircuit: true };
      const resolved = next(specifier, context);
      const mended = { ...resolved, url: realAddress(resolved.url) ?? resolved.url };
      if (key !== undefined) packages.set(key, mended);
      return mended;
    },
  });
}

function remove(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // The result does not matter: the program continues.
  }
}

/** Reports to winnode that the program has started, and, later, that it exits by itself. */
function reportProgress(): void {
  const file = process.env['WINNODE_PROGRESS_FILE'];
  const directory = process.env['WINNODE_DIRECTORY'];
  if (file === undefined || directory === undefined) return;
  // The children of the program inherit the environment, and must not report progress.
  delete process.env['WINNODE_PROGRESS_FILE'];
  delete process.env['WINNODE_DIRECTORY'];
  if (!isIn(directory)) {
    fs.renameSync(`${file}.starting`, `${file}.elsewhere`);
    native.reallyExit(1);
  }
  remove(`${file}.starting`);
  onEnd(() => remove(`${file}.running`));
}

/** False if Wine could not open the program's working directory and used another one. */
function isIn(directory: string): boolean {
  if (process.cwd() === directory) return true;
  try {
    const [here, there] = ['.', directory].map((path) => fs.statSync(path, { bigint: true }));
    return here?.ino === there?.ino && here?.dev === there?.dev;
  } catch {
    return false;
  }
}

/**
 * Calls a function when the program exits by itself. It does not use a listener, because programs
 * may remove all listeners. Instead it replaces `process.emit`, which Node itself calls, and
 * `process.reallyExit`, which `process.exit` calls.
 */
function onEnd(ended: () => void): void {
  type Emit = (this: unknown, ...args: unknown[]) => boolean;
  const withEnd = (emit: Emit): Emit =>
    function (...args) {
      const isHeard = emit.apply(this, args);
      if (args[0] === 'exit') ended();
      return isHeard;
    };
  let emit = withEnd(process.emit as Emit);
  // Some programs replace `process.emit`. The replacement may or may not call the previous function.
  const set = (given: Emit) => {
    emit = withEnd(given);
  };
  Object.defineProperty(process, 'emit', { configurable: true, get: () => emit, set });
  const exit = native.reallyExit;
  native.reallyExit = (code, ...rest) => {
    // A non-zero code is not reported as an end: winnode derives the cause from the code.
    if (!code) ended();
    return exit.call(process, code, ...rest);
  };
}

if (worker.isMainThread) {
  mendStream('stdin', 0);
  mendStream('stdout', 1);
  mendStream('stderr', 2);
  reportProgress();
}
if (process.env['WINNODE_HIDE_LINKS']) hideLinks();
mendFiles();
mendChildren();
followLinks();
lendPackages();
