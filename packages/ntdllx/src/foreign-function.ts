import type { FunctionName, Prototype } from './prototypes.js';

/** A number, a handle or an address: what goes into a foreign function, and what comes out. */
export type NativeArgument = number | bigint;

/** What goes in; where a row says so, the bytes themselves. */
export type ForeignArgument = NativeArgument | Uint8Array;

/** A foreign function as koffi makes it. */
export type NativeFunction = (...args: ForeignArgument[]) => NativeArgument;

/** A row of the table on its way to the DLL. */
export interface ForeignFunction {
  readonly name: FunctionName;
  readonly prototype: Prototype;
  /** Finds the function in its DLL, the first time; {@link call} then is the function itself. */
  readonly load: () => void;
  /** Makes the call; the first one loads. */
  call: NativeFunction;
}
