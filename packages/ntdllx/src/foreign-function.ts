import type { FunctionName, Prototype } from './prototypes.js';

/** A number, a handle or an address: an argument or the result of a foreign function. */
export type NativeArgument = number | bigint;

/** An argument of a foreign function. A parameter of type `bytes` takes a Uint8Array. */
export type ForeignArgument = NativeArgument | Uint8Array;

/** A foreign function as koffi makes it. */
export type NativeFunction = (...args: ForeignArgument[]) => NativeArgument;

/** A row of the prototype table, and the function in the DLL once it is loaded. */
export interface ForeignFunction {
  readonly name: FunctionName;
  readonly prototype: Prototype;
  /** Looks the function up in its DLL once. Afterwards {@link call} is koffi's function itself. */
  readonly load: () => void;
  /** Calls the function; the first call loads it. */
  call: NativeFunction;
}
