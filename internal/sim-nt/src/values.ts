import { type NTSTATUS, type PointerSized, STATUS_ACCESS_VIOLATION, STATUS_SUCCESS } from 'ntdllx';
import type { KernelObject } from './objects.js';
import type { SimCore } from './sim-core.js';

const twoTo32 = 0x1_0000_0000;

/** Writes 8 bytes as NT expects them, from a number, or from a bigint if all 64 bits matter. */
export function writePointerSized(view: DataView, at: number, value: PointerSized): void {
  if (typeof value === 'bigint') view.setBigUint64(at, BigInt.asUintN(64, value), true);
  else if (value < 0) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  else {
    view.setUint32(at, value % twoTo32, true);
    view.setUint32(at + 4, Math.floor(value / twoTo32), true);
  }
}

/** Reads 8 bytes: as a number if that is exact, otherwise as a bigint. */
export function readPointerSized(view: DataView, at: number): PointerSized {
  const high = view.getUint32(at + 4, true);
  return high < 0x20_0000 ? high * twoTo32 + view.getUint32(at, true) : view.getBigUint64(at, true);
}

/**
 * As in the debug build of the real bindings, a value that is not a whole number is an error of
 * the program.
 */
export function requireWhole(value: PointerSized): void {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return;
  throw new TypeError(`The simulated kernel expects a whole number, got ${String(value)}.`);
}

/** Opens a handle to an object and writes it to the program's address. */
export function writeHandle(core: SimCore, address: number, object: KernelObject): NTSTATUS {
  const { memory } = core;
  if (!memory.locate(address, 8, 'new handle')) return STATUS_ACCESS_VIOLATION;
  writePointerSized(memory.view, memory.at, core.handles.open(object));
  return STATUS_SUCCESS;
}

/** Writes the status of a call to its IO_STATUS_BLOCK. */
export function writeStatus(
  core: SimCore,
  address: number,
  status: NTSTATUS,
  information = 0,
): void {
  const { memory } = core;
  if (!memory.locate(address, 16, 'IO_STATUS_BLOCK of a call')) return;
  memory.view.setUint32(memory.at, status, true);
  writePointerSized(memory.view, memory.at + 8, information);
}
