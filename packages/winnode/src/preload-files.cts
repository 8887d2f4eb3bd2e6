/*
 * The functions of `node:fs` for symbolic links, with the results that Node has on Windows for
 * Windows symbolic links. Used by preload.cts.
 *
 * Wine presents a link as the directory or file to which it leads: lstat does not report a link,
 * readlink fails with EINVAL, and from Wine 11 on realpath returns the path of the link. So these
 * functions ask winnode, on the host. Wine does not show a broken link at all, and neither do these
 * functions.
 *
 * When Node removes a tree under Wine, it follows the links and removes their targets. On Windows
 * it removes the links. So winnode removes the links first.
 */
const fs: typeof import('node:fs') = require('node:fs');
const module_: typeof import('node:module') = require('node:module');
const {
  absolute,
  keepWines,
  linkTarget,
  realNow,
  removeLinks,
}: {
  absolute(given: import('node:fs').PathLike): string;
  keepWines(): void;
  linkTarget(file: string): string | undefined;
  realNow(file: string): string | undefined;
  removeLinks(file: string): boolean;
} = require('./preload-links.cjs');

type Callback = (error: Error | null, value?: unknown) => void;
type Call = (...args: unknown[]) => unknown;
/** Computes the result of a replaced function from the path and from Node's own function. */
type Mend = (given: never, options: unknown, original: () => unknown) => unknown;

const fileTypeBits = 0o170000;
const linkBits = 0o120000;

/** The value in the requested encoding. */
function encoded(text: string, options: unknown): string | Buffer {
  const encoding =
    typeof options === 'string' ? options : (options as { encoding?: string } | null)?.encoding;
  if (encoding === undefined || encoding === null || encoding === 'utf8') return text;
  const bytes = Buffer.from(text);
  return encoding === 'buffer' ? bytes : bytes.toString(encoding as BufferEncoding);
}

/** Values that are not paths are passed to Node's own function, which throws its own error. */
const isPath = (given: unknown): given is import('node:fs').PathLike =>
  typeof given === 'string' || given instanceof URL || Buffer.isBuffer(given);

const real: Mend = (given, options, original) => {
  const found = isPath(given) ? realNow(absolute(given)) : undefined;
  return found === undefined ? original() : encoded(found, options);
};

const held: Mend = (given, options, original) => {
  const target = isPath(given) ? linkTarget(absolute(given)) : undefined;
  return target === undefined ? original() : encoded(target, options);
};

const removed: Mend = (given, options, original) => {
  const { recursive } = (options ?? {}) as { recursive?: boolean };
  return recursive && isPath(given) && removeLinks(absolute(given)) ? undefined : original();
};

const unlinked: Mend = (given, _options, original) => {
  const isLink = isPath(given) && linkTarget(absolute(given)) !== undefined;
  return isLink && removeLinks(absolute(given)) ? undefined : original();
};

type AnyStats = { mode: number | bigint; size: number | bigint } | undefined;

const seen: Mend = (given, _options, original) => {
  const stats = original() as AnyStats | Promise<AnyStats>;
  return stats instanceof Promise
    ? stats.then((each) => asLink(given, each))
    : asLink(given, stats);
};

function asLink(given: import('node:fs').PathLike, stats: AnyStats): AnyStats {
  const target = stats && linkTarget(absolute(given));
  if (stats === undefined || target === undefined) return stats;
  const size = Buffer.byteLength(target);
  if (typeof stats.mode === 'number') {
    return Object.assign(stats, { mode: (stats.mode & ~fileTypeBits) | linkBits, size });
  }
  const mode = (stats.mode & ~BigInt(fileTypeBits)) | BigInt(linkBits);
  return Object.assign(stats, { mode, size: BigInt(size) });
}

/** Wraps `xSync` and functions of `fs.promises`. */
const direct =
  (original: Call, mend: Mend): Call =>
  (given, options, ...rest) =>
    mend(given as never, options, () => original(given, options, ...rest));

const promised =
  (original: Call, mend: Mend): Call =>
  async (given, options) =>
    mend(given as never, options, () => original(given, options));

/** Wraps functions with a callback. The callback is asynchronous, as Node's own is. */
const calling =
  (original: Call, mend: Mend): Call =>
  (given, options, callback) => {
    const [own, done] = typeof options === 'function' ? [undefined, options] : [options, callback];
    // Node's own function reports wrong arguments.
    if (typeof done !== 'function') return original(given, options, callback);
    const call = (then: Callback) => original(given, ...(own === undefined ? [] : [own]), then);
    if (mend === seen) {
      return call((error, stats) =>
        (done as Callback)(error, error ? stats : asLink(given as never, stats as AnyStats)),
      );
    }
    const isOriginal = Symbol();
    const value = mend(given as never, own, () => isOriginal);
    if (value === isOriginal) return call(done as Callback);
    return process.nextTick(done as Callback, null, value);
  };

/** Replaces a function and keeps the properties of the original. */
function replace(holder: object, name: string, make: (original: Call) => Call): void {
  const functions = holder as Record<string, Call>;
  const original = functions[name] as Call;
  const mended = make(original);
  Object.defineProperty(mended, 'name', { value: name });
  functions[name] = Object.assign(mended, original);
}

const functions = {
  realpath: real,
  readlink: held,
  lstat: seen,
  rm: removed,
  rmdir: removed,
  unlink: unlinked,
} as const;

/** Replaces the functions, for `require` and for `import`. */
function mendFiles(): void {
  keepWines();
  for (const [name, mend] of Object.entries(functions)) {
    replace(fs, `${name}Sync`, (original) => direct(original, mend));
    replace(fs, name, (original) => calling(original, mend));
    replace(fs.promises, name, (original) => promised(original, mend));
  }
  replace(fs.realpathSync, 'native', (original) => direct(original, real));
  replace(fs.realpath, 'native', (original) => calling(original, real));
  module_.syncBuiltinESMExports();
}

/**
 * For tests: makes any Wine treat links as Wine 11 does. Must run before any link is resolved and
 * before the functions are replaced.
 */
function hideLinks(): void {
  const itself: Mend = (given, options, original) => {
    const found = original();
    const shown = () => encoded(absolute(given), options);
    return found instanceof Promise ? found.then(shown) : shown();
  };
  replace(fs.realpathSync, 'native', (original) => direct(original, itself));
  replace(fs.promises, 'realpath', (original) => direct(original, itself));
  replace(fs.realpath, 'native', (original) => (given, options, callback) => {
    const [own, done] = typeof options === 'function' ? [undefined, options] : [options, callback];
    return original(given, (error: Error | null) =>
      (done as Callback)(error, error ? undefined : encoded(absolute(given as never), own)),
    );
  });
}

module.exports = { mendFiles, hideLinks };
