/**
 * The tables behind the bindings, for this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { DEBUG } from './debug.js';
export type { ForeignFunction, NativeFunction } from './foreign-function.js';
export { leastSyscallArguments } from './loader.js';
export { debugFill } from './native-memory.js';
export { nativeTypes, type Prototype, prototypes } from './prototypes.js';
export type { StructLayout } from './structs/native-struct.js';
export { paddings, trampolines } from './trampolines.js';
export { ViewedMemory } from './viewed-memory.js';
