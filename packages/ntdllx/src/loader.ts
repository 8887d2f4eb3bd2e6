import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExportError, HostError, KoffiError } from './errors.js';
import type { ForeignFunction, NativeFunction } from './foreign-function.js';
import { type FunctionName, nativeTypes, type Prototype, prototypes } from './prototypes.js';
import { paddings, trampolines } from './trampolines.js';

type Koffi = typeof import('koffi');

/** The JavaScript side of a native type: 64-bit values also come and go as bigint. */
type Js<T> = T extends 'pointer' | 'ULONG_PTR' | 'SOCKET' ? number | bigint : number;
type JsArgument<T> = T extends 'bytes' ? Uint8Array : Js<T>;
type Args<P> = P extends readonly [readonly [string, infer T, ...unknown[]], ...infer Rest]
  ? [arg: JsArgument<T>, ...rest: Args<Rest>]
  : [];

/** The signature that a row of the table gives a function. */
export type Signature<N extends FunctionName> = (
  ...args: Args<(typeof prototypes)[N]['params']>
) => Js<(typeof prototypes)[N]['returns']>;

/**
 * System calls of ntdll are declared with at least this many arguments, the missing ones zero.
 *
 * Wine 10's system call dispatcher reads the stack slots of arguments five and six whatever the
 * call takes. koffi places short argument lists so near the top of its stack that slot five is
 * on the guard page: the thread then faults for ever. Under Windows' x64 convention the caller
 * cleans up, so that zeros more than a call takes are not looked at.
 */
export const leastSyscallArguments = 5;

let koffi: Koffi | undefined;
const libraries = new Map<string, ReturnType<Koffi['load']>>();

/**
 * koffi, loaded at its first use, so that importing this package opens nothing anywhere.
 *
 * @throws {HostError} where there is no 64-bit Windows NT. @throws {KoffiError} where koffi, or its
 *   native part for this processor, is not installed.
 */
export function loadKoffi(call: string): Koffi {
  if (koffi !== undefined) return koffi;
  if (process.platform !== 'win32') {
    throw new HostError(call, `this is ${process.platform}`);
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    throw new HostError(call, `this Node is built for ${process.arch}, and x64 or arm64 is needed`);
  }
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    const host = `${process.platform}-${process.arch}`;
    throw new KoffiError(call, host, cause, isBundled(), koffiPlaces(host));
  }
  return koffi;
}

/** Where Node looks for koffi; or, where koffi is, what that looks for beside itself. */
function koffiPlaces(host: string): string[] {
  // A bundle in CommonJS has no import.meta.
  const { url } = import.meta as { readonly url?: string };
  if (url === undefined) return [];
  const { resolve } = createRequire(url);
  try {
    // What koffi's own message leaves out: the paths of its native part, by its 3.3.4.
    const root = dirname(resolve('koffi'));
    const built = join(root, 'build', 'koffi', host.replace('-', '_'), 'koffi.node');
    return [join(root, '..', '@koromix', `koffi-${host}`), built];
  } catch {
    return (resolve.paths('koffi') ?? []).map((directory) => join(directory, 'koffi'));
  }
}

/** True if this file is part of a bundle, and not of an installed ntdllx. */
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

/** What {@link bind} made and is not loaded yet, by its DLL. */
const unloaded = new Map<Prototype['dll'], Set<ForeignFunction>>();

/**
 * Loads a function, and with it what else of its DLL was bound: a worker that is terminated while
 * koffi declares a function takes the process down ("Error::ThrowAsJavaScriptException napi_throw",
 * koffi 3.3.4), so that all is declared in the first call's 2 ms, and nothing in a later wait.
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
      // What this host does not export is an error when it is called.
      if (!(error instanceof ExportError)) throw error;
    }
  }
}

/** The function of a row: found and opened at the first call of one of its DLL, not before. */
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
  if (trampoline === undefined) throw new RangeError(`${name} has too many parameters`);
  return trampoline(foreign) as Signature<N>;
}

/** True if the DLL of this row exports its function. */
export function isExported(name: FunctionName): boolean {
  try {
    load(name);
    return true;
  } catch (error) {
    if (error instanceof ExportError) return false;
    throw error;
  }
}

/** True if a DLL exports a name, of whatever it may be. Looks it up and no more. */
export function hasExport(dll: string, name: string): boolean {
  const library = openLibrary(name, dll);
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}
