import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExportError, HostError, KoffiError } from './errors.js';
import type { ForeignFunction, NativeFunction } from './foreign-function.js';
import { type FunctionName, nativeTypes, type Prototype, prototypes } from './prototypes.js';
import { paddings, trampolines } from './trampolines.js';

type Koffi = typeof import('koffi');

/** The JavaScript type of a native type. A 64-bit value is a number or a bigint. */
type Js<T> = T extends 'pointer' | 'ULONG_PTR' | 'SOCKET' ? number | bigint : number;
type JsArgument<T> = T extends 'bytes' ? Uint8Array : Js<T>;
type Args<P> = P extends readonly [readonly [string, infer T, ...unknown[]], ...infer Rest]
  ? [arg: JsArgument<T>, ...rest: Args<Rest>]
  : [];

/** The signature of the function in this row of the prototype table. */
export type Signature<N extends FunctionName> = (
  ...args: Args<(typeof prototypes)[N]['params']>
) => Js<(typeof prototypes)[N]['returns']>;

/**
 * System calls of ntdll are declared to koffi with at least this many arguments. ntdllx passes
 * zeros for the additional ones.
 *
 * Wine 10's system call dispatcher reads the stack slots of arguments five and six, however many
 * the call takes. koffi places a short argument list so near the top of its stack that slot five
 * is on the guard page; the thread then faults for ever. The additional zeros are harmless: under
 * Windows' x64 calling convention the caller cleans up the stack, and the callee reads only its
 * own arguments.
 */
export const leastSyscallArguments = 5;

let koffi: Koffi | undefined;
const libraries = new Map<string, ReturnType<Koffi['load']>>();

/**
 * koffi. Loaded at its first use, so that importing this package loads no native code.
 *
 * @throws {HostError} if the host is not 64-bit Windows NT. @throws {KoffiError} if koffi, or its
 *   native part for this processor, is not installed.
 */
export function loadKoffi(call: string): Koffi {
  if (koffi !== undefined) return koffi;
  if (process.platform !== 'win32') {
    throw new HostError(call, `this is ${process.platform}`);
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    throw new HostError(call, `this Node is built for ${process.arch}, not for x64 or arm64`);
  }
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    const host = `${process.platform}-${process.arch}`;
    throw new KoffiError(call, host, cause, isBundled(), koffiPlaces(host));
  }
  return koffi;
}

/**
 * The paths where Node looks for koffi; if koffi is there, where koffi looks for its native part.
 */
function koffiPlaces(host: string): string[] {
  // A bundle in CommonJS has no import.meta.
  const { url } = import.meta as { readonly url?: string };
  if (url === undefined) return [];
  const { resolve } = createRequire(url);
  try {
    // koffi's own message does not name the paths of its native part. These are those of koffi
    // 3.3.4.
    const root = dirname(resolve('koffi'));
    const built = join(root, 'build', 'koffi', host.replace('-', '_'), 'koffi.node');
    return [join(root, '..', '@koromix', `koffi-${host}`), built];
  } catch {
    return (resolve.paths('koffi') ?? []).map((directory) => join(directory, 'koffi'));
  }
}

/** True if this file is part of a bundle, not of an installed ntdllx. */
function isBundled(): boolean {
  // A bundle in CommonJS has no import.meta.
  const { url } = import.meta as { readonly url?: string };
  if (url === undefined) return true;
  try {
    const manifest = createRequire(url).resolve('ntdllx/package.json');
    return !fileURLToPath(url).startsWith(dirname(manifest));
  } catch {
    return true;
  }
}

function openLibrary(call: string, dll: string): ReturnType<Koffi['load']> {
  const known = libraries.get(dll);
  if (known !== undefined) return known;
  const library = loadKoffi(call).load(dll);
  libraries.set(dll, library);
  return library;
}

function load(name: FunctionName): NativeFunction {
  const { dll, returns, params }: Prototype = prototypes[name];
  const library = openLibrary(name, dll);
  const types: string[] = params.map(([, type]) => nativeTypes[type]);
  const isPadded =
    dll === 'ntdll.dll' && name.startsWith('Nt') && types.length < leastSyscallArguments;
  const padding = isPadded ? leastSyscallArguments - types.length : 0;
  let call: NativeFunction;
  try {
    const declared = [...types, ...new Array<string>(padding).fill('uintptr_t')];
    call = library.func(name, nativeTypes[returns], declared) as NativeFunction;
  } catch (cause) {
    throw new ExportError(name, dll, cause);
  }
  return isPadded ? (paddings[types.length]?.(call) ?? call) : call;
}

/** The functions that {@link bind} made and that are not loaded yet, by DLL. */
const unloaded = new Map<Prototype['dll'], Set<ForeignFunction>>();

/**
 * Loads a function, and all other bound functions of its DLL. If a worker is terminated while
 * koffi declares a function, the whole process ends ("Error::ThrowAsJavaScriptException
 * napi_throw", koffi 3.3.4). So the first call declares all of them at once, which takes 2 ms, and
 * no later call does.
 */
function loadWithItsDll(foreign: ForeignFunction): void {
  const ofDll = unloaded.get(foreign.prototype.dll);
  if (ofDll?.delete(foreign) !== true) return;
  try {
    foreign.call = load(foreign.name);
  } catch (error) {
    ofDll.add(foreign);
    throw error;
  }
  for (const other of ofDll) {
    try {
      other.call = load(other.name);
      ofDll.delete(other);
    } catch (error) {
      // A function that this host does not export throws when the program calls it.
      if (!(error instanceof ExportError)) throw error;
    }
  }
}

/** Makes the function of a row. The first call of any function of its DLL loads it. */
export function bind<N extends FunctionName>(name: N): Signature<N> {
  const prototype: Prototype = prototypes[name];
  const foreign: ForeignFunction = {
    name,
    prototype,
    load: () => loadWithItsDll(foreign),
    call(...args) {
      foreign.load();
      return foreign.call(...args);
    },
  };
  const ofDll = unloaded.get(prototype.dll) ?? new Set();
  unloaded.set(prototype.dll, ofDll.add(foreign));
  const trampoline = trampolines[prototype.params.length];
  if (trampoline === undefined) {
    const [count, most] = [prototype.params.length, trampolines.length - 1];
    throw new RangeError(`${name} has ${count} parameters; the bindings support at most ${most}.`);
  }
  return trampoline(foreign) as Signature<N>;
}

/** True if the row's DLL exports the function. */
export function isExported(name: FunctionName): boolean {
  try {
    load(name);
    return true;
  } catch (error) {
    if (error instanceof ExportError) return false;
    throw error;
  }
}

/** True if a DLL exports a symbol of this name. Only looks it up. */
export function hasExport(dll: string, name: string): boolean {
  const library = openLibrary(name, dll);
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}
