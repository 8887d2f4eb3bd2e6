/*
 * Loaded into each Windows Node that winnode starts under Wine, before anything else, by
 * NODE_OPTIONS, so that child processes and workers get it too; those with an environment of their
 * own by preload-children.cts. It mends three things,
 * and a fourth is what preload-packages.cts does.
 *
 * 1. Standard streams on a Unix pipe. Wine says FILE_TYPE_PIPE, but its pipe functions refuse the
 *    handle, and Node throws `EBADF` at the first touch of process.stdout. Plain reads and writes
 *    work, so the stream is rebuilt on those.
 * 2. Symbolic links. Wine shows a Unix link as what it leads to, so Node takes a linked package for
 *    a copy at the link's place, and everything that counts on its real place fails. This host is
 *    asked: see preload-links.cts.
 * 3. The end by Ctrl-C. Wine then ends a program with exit code 0, as if it had succeeded, and of
 *    the exit code of a crash it passes on 8 bits. So a program that starts, and one that ends of
 *    its own will, says so by removing a file each; see progress.ts.
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
/** What `process.exit` ends with. */
const native = process as unknown as { reallyExit(code?: number, ...rest: unknown[]): never };

function isBadHandle(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EBADF';
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += fs.writeSync(fd, bytes, sent);
    } catch (error) {
      // A reader that is slower than we are, on a pipe that was made non-blocking.
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
  // What Node's own streams carry; console and others look at these.
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

/** What a relative import names when it names a file, so that nothing else has to be tried. */
const fileSpecifier = /^\.\.?\/.+\.[cm]?js$/;

/** Undefined for what is no import of a package. */
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
  /** Undefined for what is no file's address, or of a file that is not there. */
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
  /** What packages are to the modules of a directory, as imports: the same for all of them. */
  const packages = new Map<string, import('node:module').ResolveFnOutput>();
  // What require and require.resolve find.
  const loader = module_ as unknown as { _findPath(...args: unknown[]): string | false };
  const findPath = loader._findPath;
  loader._findPath = (...args) => {
    const found = findPath(...args);
    return found && (realFile(found) ?? found);
  };
  // A Node that WINNODE_NODE chose may be too old for hooks: imports then keep the paths of links.
  module_.registerHooks?.({
    resolve(specifier, context, next) {
      // Node would ask for the file once more, and that takes as long as all that is done here.
      if (context.conditions.includes('import') && fileSpecifier.test(specifier)) {
        const found = realAddress(new URL(specifier, context.parentURL).href);
        if (found !== undefined) return { url: found, shortCircuit: true };
      }
      // Node looks for a package once for each module that imports it, in one directory after
      // another, and Wine takes long to find that something is not there.
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
    // Whatever became of it, the program goes on.
  }
}

function sayHowFar(): void {
  const file = process.env['WINNODE_PROGRESS_FILE'];
  const directory = process.env['WINNODE_DIRECTORY'];
  if (file === undefined || directory === undefined) return;
  // Only the program that winnode started is asked, not its children.
  delete process.env['WINNODE_PROGRESS_FILE'];
  delete process.env['WINNODE_DIRECTORY'];
  if (!isIn(directory)) {
    fs.renameSync(`${file}.starting`, `${file}.elsewhere`);
    native.reallyExit(1);
  }
  remove(`${file}.starting`);
  onEnd(() => remove(`${file}.running`));
}

/** False where Wine could not open the directory that the program was to run in, and took another. */
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
 * Calls a function when the program ends of its own will. Not by a listener, for programs remove
 * those, all of them: Node itself calls `process.emit`, and at `process.exit` `process.reallyExit`.
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
  // Some put their own function there, which may call the one before it or not.
  const set = (given: Emit) => {
    emit = withEnd(given);
  };
  Object.defineProperty(process, 'emit', { configurable: true, get: () => emit, set });
  const exit = native.reallyExit;
  native.reallyExit = (code, ...rest) => {
    // A crash has another code, and says so by it.
    if (!code) ended();
    return exit.call(process, code, ...rest);
  };
}

if (worker.isMainThread) {
  mendStream('stdin', 0);
  mendStream('stdout', 1);
  mendStream('stderr', 2);
  sayHowFar();
}
if (process.env['WINNODE_HIDE_LINKS']) hideLinks();
mendFiles();
mendChildren();
followLinks();
lendPackages();
