import {
  AFD_POLL_INFO,
  FILE_COMPLETION_INFORMATION,
  FileCompletionInformation,
  FileIoCompletionNotificationInformation,
  IOCTL_AFD_POLL,
  type Kernel,
  type NTSTATUS,
  OBJ_CASE_INSENSITIVE,
  OBJECT_ATTRIBUTES,
  STATUS_ACCESS_VIOLATION,
  STATUS_INFO_LENGTH_MISMATCH,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_INFO_CLASS,
  STATUS_INVALID_PARAMETER,
  STATUS_INVALID_PARAMETER_3,
  STATUS_NOT_FOUND,
  STATUS_NOT_IMPLEMENTED,
  STATUS_OBJECT_NAME_NOT_FOUND,
  STATUS_OBJECT_PATH_SYNTAX_BAD,
  STATUS_OBJECT_TYPE_MISMATCH,
  STATUS_SUCCESS,
  UNICODE_STRING,
} from 'ntdllx';
import { FileObject, type Pinned, type PollEntry, type PollRequest, SimSocket } from './objects.js';
import type { Deadline } from './polls.js';
import type { SimCore } from './sim-core.js';
import { readPointerSized, requireWhole, writeHandle, writeStatus } from './values.js';

const infoFields = AFD_POLL_INFO.layout.fields;
const headBytes = infoFields.Handles[0];
const entryBytes = 16;
/** IoStatusBlock.Information of NtCreateFile (wdm.h). */
const FILE_OPENED = 1;
const deviceName = /^\\Device\\Afd(\\.*)?$/;
const deviceNameInAnyCase = new RegExp(deviceName, 'i');

/** The functions of ntdll for files, mainly for AFD. */
export function fileFunctions(core: SimCore) {
  const { memory, handles } = core;
  const wrongHandle = (handle: number) =>
    handles.get(handle) === undefined ? STATUS_INVALID_HANDLE : STATUS_OBJECT_TYPE_MISMATCH;

  function readObjectName(address: number): { name: string; isAnyCase: boolean } | undefined {
    if (!memory.locate(address, OBJECT_ATTRIBUTES.layout.size, 'OBJECT_ATTRIBUTES')) {
      return undefined;
    }
    const at = memory.at + OBJECT_ATTRIBUTES.layout.fields.ObjectName[0];
    const string = Number(readPointerSized(memory.view, at));
    const attributesAt = memory.at + OBJECT_ATTRIBUTES.layout.fields.Attributes[0];
    const attributes = memory.view.getUint32(attributesAt, true);
    const { fields, size } = UNICODE_STRING.layout;
    if (!memory.locate(string, size, 'UNICODE_STRING')) return undefined;
    const bytes = memory.view.getUint16(memory.at + fields.Length[0], true);
    const buffer = Number(readPointerSized(memory.view, memory.at + fields.Buffer[0]));
    if (!memory.locate(buffer, bytes, 'name of an object')) return undefined;
    const name = Buffer.from(memory.view.buffer, memory.at, bytes).toString('utf16le');
    return { name, isAnyCase: (attributes & OBJ_CASE_INSENSITIVE) !== 0 };
  }

  function pin(pinned: Pinned[], address: number, byteLength: number): void {
    const block = memory.blockAt(address);
    if (block !== undefined) pinned.push({ block, offset: address - block.address, byteLength });
  }

  /** Reads the sockets of a poll; the caller has located the memory at its first byte. */
  function readEntries(request: PollRequest, count: number): NTSTATUS {
    const { view } = memory;
    for (let index = 0; index < count; index += 1) {
      const at = memory.at + headBytes + index * entryBytes;
      const handle = Number(readPointerSized(view, at));
      const socket = handles.get(handle);
      if (!(socket instanceof SimSocket)) return STATUS_INVALID_HANDLE;
      const entry: PollEntry = { request, socket, handle, mask: view.getUint32(at + 8, true) };
      request.entries.push(entry);
    }
    return STATUS_SUCCESS;
  }

  function poll(...[file, handle, context, iosb, input, inLength, output, outLength]: PollArgs) {
    if (inLength < headBytes + entryBytes || outLength < inLength) return STATUS_INVALID_PARAMETER;
    if (!memory.locate(input, inLength, 'AFD_POLL_INFO')) return STATUS_ACCESS_VIOLATION;
    const { view, at } = memory;
    const count = view.getUint32(at + infoFields.NumberOfHandles[0], true);
    if (count === 0 || headBytes + count * entryBytes > inLength) return STATUS_INVALID_PARAMETER;
    const [low, high] = [view.getUint32(at, true), view.getInt32(at + 4, true)];
    const exclusive = view.getUint32(at + infoFields.Exclusive[0], true);
    const { polls } = core;
    polls.started += 1;
    const request: PollRequest = {
      number: polls.started,
      file,
      handle,
      context,
      iosb,
      output,
      header: input === output ? undefined : [low, high >>> 0, exclusive],
      isExclusive: exclusive !== 0,
      armedMs: core.clock.nowMs,
      entries: [],
      pinned: [],
      timer: undefined,
      index: -1,
    };
    const status = readEntries(request, count);
    if (status !== STATUS_SUCCESS) return status;
    if (!memory.locate(iosb, 16, 'IO_STATUS_BLOCK')) return STATUS_ACCESS_VIOLATION;
    if (!memory.locate(output, outLength, 'output buffer')) return STATUS_ACCESS_VIOLATION;
    const block = memory.blockAt(iosb);
    if (block?.isPinned(iosb - block.address)) {
      core.violate(
        `A poll uses the IO_STATUS_BLOCK of another pending poll: ${polls.ownerOf(iosb, iosb + 16)}.`,
      );
    }
    if (core.isStrict) {
      pin(request.pinned, iosb, 16);
      pin(request.pinned, output, outLength);
      if (input !== output) pin(request.pinned, input, inLength);
    }
    return polls.start(request, deadlineOf(low, high));
  }

  function deadlineOf(low: number, high: number): Deadline {
    // The two most frequent values need no bigint.
    if (high === 0x7fff_ffff || high === -0x8000_0000) return 'never';
    if (low === 0 && high === 0) return 'now';
    return core.deadline((BigInt(high) << 32n) | BigInt(low));
  }

  function cancel(file: FileObject, iosb: number | undefined): number {
    if (!core.dice.rolls('cancelRace')) return core.polls.cancel(file, iosb);
    // The request completes just before the cancel; NT may still report that the cancel was in
    // time.
    const before = core.polls.count;
    core.network.deliverAll();
    if (iosb !== undefined && core.random.chance(0.5)) core.polls.displace(file, iosb);
    const isBlurred = core.polls.count < before && core.random.chance(0.5);
    return core.polls.cancel(file, iosb) + (isBlurred ? 1 : 0);
  }

  return {
    NtDeviceIoControlFile(...args) {
      const [handle, event, , context, iosb, code, input, inLength, output, outLength] = args;
      core.enter('NtDeviceIoControlFile');
      requireWhole(context);
      const file = core.file(handle);
      if (file === undefined) return wrongHandle(handle);
      // This kernel cannot create events, so a handle to one is always wrong.
      if (event !== 0) return wrongHandle(event);
      if (code !== IOCTL_AFD_POLL) return STATUS_INVALID_DEVICE_REQUEST;
      if (core.dice.rolls('refuse')) return STATUS_INSUFFICIENT_RESOURCES;
      if (core.dice.rolls('refuseHandle')) return STATUS_INVALID_HANDLE;
      return poll(file, handle, context, iosb, input, inLength, output, outLength);
    },

    NtCancelIoFileEx(handle, request, status) {
      core.enter('NtCancelIoFileEx');
      const file = core.file(handle);
      if (file === undefined) return wrongHandle(handle);
      const count = cancel(file, request === 0 ? undefined : request);
      const nothing = request === 0 ? core.profile.cancelOfNothing : STATUS_NOT_FOUND;
      const result = count > 0 ? STATUS_SUCCESS : nothing;
      if (result === STATUS_SUCCESS) writeStatus(core, status, result);
      return result;
    },

    NtCancelIoFile(handle, status) {
      core.enter('NtCancelIoFile');
      const file = core.file(handle);
      if (file === undefined) return wrongHandle(handle);
      cancel(file, undefined);
      writeStatus(core, status, STATUS_SUCCESS);
      return STATUS_SUCCESS;
    },

    NtCreateFile(FileHandle, _access, attributes, status) {
      core.enter('NtCreateFile');
      const object = readObjectName(attributes);
      if (object === undefined) return STATUS_ACCESS_VIOLATION;
      if (!object.name.startsWith('\\')) return STATUS_OBJECT_PATH_SYNTAX_BAD;
      const pattern = object.isAnyCase ? deviceNameInAnyCase : deviceName;
      if (!pattern.test(object.name)) return STATUS_OBJECT_NAME_NOT_FOUND;
      const result = writeHandle(core, FileHandle, new FileObject());
      writeStatus(core, status, result, FILE_OPENED);
      return result;
    },

    NtSetInformationFile(handle, status, information, length, informationClass) {
      core.enter('NtSetInformationFile');
      const file = core.file(handle);
      if (file === undefined) return wrongHandle(handle);
      const result = setInformation(file, information, length, informationClass);
      if (result === STATUS_SUCCESS) writeStatus(core, status, result);
      return result;
    },
  } satisfies Partial<Kernel>;

  function setInformation(file: FileObject, address: number, length: number, kind: number) {
    const size = kind === FileCompletionInformation ? FILE_COMPLETION_INFORMATION.layout.size : 4;
    const isKnown =
      kind === FileCompletionInformation || kind === FileIoCompletionNotificationInformation;
    const { isWine } = core;
    if (!isKnown) return isWine ? STATUS_NOT_IMPLEMENTED : STATUS_INVALID_INFO_CLASS;
    if (length < size) return isWine ? STATUS_INVALID_PARAMETER_3 : STATUS_INFO_LENGTH_MISMATCH;
    if (!memory.locate(address, size, 'FILE_INFORMATION')) return STATUS_ACCESS_VIOLATION;
    const { view, at } = memory;
    if (kind === FileIoCompletionNotificationInformation) {
      file.flags |= view.getUint32(at, true);
      return STATUS_SUCCESS;
    }
    const handle = Number(readPointerSized(view, at));
    const port = core.port(handle);
    if (port === undefined) return wrongHandle(handle);
    if (file.port !== undefined || !file.isOverlapped) return STATUS_INVALID_PARAMETER;
    file.port = port;
    file.key = readPointerSized(view, at + 8);
    return STATUS_SUCCESS;
  }
}

type PollArgs = [
  file: FileObject,
  handle: number,
  context: number | bigint,
  iosb: number,
  input: number,
  inLength: number,
  output: number,
  outLength: number,
];
