import {
  type HANDLE,
  IoCompletionBasicInformation,
  type Kernel,
  STATUS_INFO_LENGTH_MISMATCH,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_OBJECT_TYPE_MISMATCH,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import { closeObject } from './close.js';
import { type Packet, Port } from './objects.js';
import { type SimCore, SimDeadlockError } from './sim-core.js';
import { requireWhole, writeHandle, writePointerSized } from './values.js';

const entryBytes = 32;
/** winnt.h: the handle that was duplicated is closed. */
const DUPLICATE_CLOSE_SOURCE = 0x1;

/** The functions of ntdll for ports and handles. */
export function portFunctions(core: SimCore) {
  const { memory, handles, clock } = core;
  const wrongHandle = (handle: HANDLE) =>
    handles.get(handle) === undefined ? STATUS_INVALID_HANDLE : STATUS_OBJECT_TYPE_MISMATCH;

  /** Waits until a packet is on the port or the time is over. */
  function wait(port: Port, untilMs: number): boolean {
    while (port.depth === 0) {
      core.settleMoment();
      if (port.depth > 0) break;
      if (untilMs > clock.nowMs && core.network.isBusy) core.network.step();
      else if (clock.nextMs <= untilMs && clock.nextMs < Number.POSITIVE_INFINITY) clock.runNext();
      else if (untilMs === Number.POSITIVE_INFINITY) {
        core.violate(
          'NtRemoveIoCompletionEx waits without a limit, and no event can end the wait.',
        );
        throw new SimDeadlockError();
      } else {
        clock.moveTo(untilMs);
        return false;
      }
    }
    return true;
  }

  function writeEntry(packet: Packet): void {
    const { view, at } = memory;
    writePointerSized(view, at, packet.key);
    writePointerSized(view, at + 8, packet.context);
    view.setUint32(at + 16, packet.status, true);
    view.setUint32(at + 20, 0, true);
    writePointerSized(view, at + 24, packet.information);
    core.polls.forget(packet);
  }

  function writeCount(address: number, count: number): boolean {
    if (!memory.locate(address, 4, 'NumEntriesRemoved')) return false;
    memory.view.setUint32(memory.at, count, true);
    return true;
  }

  return {
    NtCreateIoCompletion(IoCompletionHandle, _access, _attributes, _threads) {
      core.enter('NtCreateIoCompletion');
      const port = new Port();
      core.ports.add(port);
      return writeHandle(core, IoCompletionHandle, port);
    },

    NtSetIoCompletion(handle, key, context, status, information) {
      core.enter('NtSetIoCompletion');
      for (const value of [handle, key, context, information]) requireWhole(value);
      const port = core.port(handle);
      if (port === undefined) return wrongHandle(handle);
      if (core.dice.rolls('postFails')) return STATUS_INSUFFICIENT_RESOURCES;
      port.push({ key, context, status, information, request: undefined });
      return STATUS_SUCCESS;
    },

    NtRemoveIoCompletionEx(handle, entries, count, removed, timeout, _alertable) {
      core.enter('NtRemoveIoCompletionEx');
      const port = core.port(handle);
      if (port === undefined) return wrongHandle(handle);
      if (count === 0) {
        if (!core.profile.countsTimeout) return STATUS_INVALID_PARAMETER;
        writeCount(removed, 1);
        return STATUS_SUCCESS;
      }
      let untilMs = Number.POSITIVE_INFINITY;
      if (timeout !== 0) {
        if (!memory.locate(timeout, 8, 'Timeout')) return STATUS_INVALID_PARAMETER;
        untilMs = core.deadline(memory.view.getBigInt64(memory.at, true));
      }
      if (!wait(port, untilMs)) {
        writeCount(removed, core.profile.countsTimeout ? 1 : core.random.below(2));
        return STATUS_TIMEOUT;
      }
      const taken = Math.min(count, port.depth);
      // The caller must own the whole array, even if fewer packets arrive.
      if (!memory.locate(entries, entryBytes * count, 'packets')) return STATUS_INVALID_PARAMETER;
      for (let index = 0; index < taken; index += 1) {
        memory.locate(entries + index * entryBytes, entryBytes, 'packets');
        writeEntry(port.shift() as Packet);
      }
      writeCount(removed, taken);
      return STATUS_SUCCESS;
    },

    NtQueryIoCompletion(handle, informationClass, information, length, returned) {
      core.enter('NtQueryIoCompletion');
      const port = core.port(handle);
      if (informationClass !== IoCompletionBasicInformation) return STATUS_INVALID_PARAMETER;
      if (length !== 4) return STATUS_INFO_LENGTH_MISMATCH;
      if (port === undefined) return wrongHandle(handle);
      core.settleMoment();
      if (!writeCount(information, port.depth)) return STATUS_INVALID_PARAMETER;
      if (returned !== 0) writeCount(returned, 4);
      return STATUS_SUCCESS;
    },

    NtCurrentProcess: () => -1,

    NtDuplicateObject(source, handle, target, targetHandle, _access, _attributes, options) {
      core.enter('NtDuplicateObject');
      if (source !== -1 || target !== -1) return STATUS_INVALID_HANDLE;
      const object = handles.get(handle);
      if (object === undefined) return STATUS_INVALID_HANDLE;
      const status = writeHandle(core, targetHandle, object);
      if ((options & DUPLICATE_CLOSE_SOURCE) !== 0) handles.close(handle);
      return status;
    },

    NtClose(handle) {
      core.enter('NtClose');
      const object = handles.close(handle);
      if (object === undefined) return STATUS_INVALID_HANDLE;
      closeObject(core, object);
      return STATUS_SUCCESS;
    },
  } satisfies Partial<Kernel> as Pick<
    Kernel,
    | 'NtCreateIoCompletion'
    | 'NtSetIoCompletion'
    | 'NtRemoveIoCompletionEx'
    | 'NtQueryIoCompletion'
    | 'NtCurrentProcess'
    | 'NtDuplicateObject'
    | 'NtClose'
  >;
}
