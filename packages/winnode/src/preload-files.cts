/*
 * The functions of `node:fs` that have to do with symbolic links, as Node has them on Windows for
 * links of Windows' own. For preload.cts.
 *
 * Wine shows a link as the directory or file that it leads to: lstat sees no link, readlink fails
 * with EINVAL, and from Wine 11 on realpath gives the link's own path back. So this host is asked.
 * A link that leads nowhere is not there for Wine, nor here.
 *
 * To remove a tree is to remove what its links lead to, for Node then follows them: on Windows it
 * removes the links. So the host removes those first.
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
/** What a mended function gives for a path, from what Node itself would give. */
type Mend = (given: never, options: unknown, original: () => unknown) => unknown;

const fileTypeBits = 0o170000;
const linkBits = 0o120000;

/** The value in the encoding that was asked for. */
function encoded(text: string, options: unknown): string | Buffer {
  const encoding =
    typeof options === 'string' ? options : (options as { encoding?: string } | null)?.encoding;
  if (encoding === undefined || encoding === null || encoding === 'utf8') return text;
  const bytes = Buffer.from(text);
  return encoding === 'buffer' ? bytes : bytes.toString(encoding as BufferEncoding);
}

/** What Node itself refuses is left to it. */
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

/** For `xSync` and for functions of `fs.promises`. */
const direct =
  (original: Call, mend: Mend): Call =>
  (given, options, ...rest) =>
    mend(given as never, options, () => original(given, options, ...rest));

const promised =
  (original: Call, mend: Mend): Call =>
  async (given, options) =>
    mend(given as never, options, () => original(given, options));

/** For functions with a callback, which comes later as it does from Node's own. */
const calling =
  (original: Call, mend: Mend): Call =>
  (given, options, callback) => {
    const [own, done] = typeof options === 'function' ? [undefined, options] : [options, callback];
    // What Node's own says of wrong arguments stays.
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

/** Puts a function in another's place, with what hangs on it. */
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

/** Mends them, for `require` and for `import` alike. */
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

/** For tests: what Wine 11 shows of links, on any Wine. Before anything asks or is mended. */
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
