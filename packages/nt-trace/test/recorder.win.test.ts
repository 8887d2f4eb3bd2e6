import { type CallRecord, type PacketRecord, startTrace, type TraceRecord } from 'nt-trace';
import {
  AFD_POLL_INFO,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
  allocate,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  INT64_MAX,
  IO_COMPLETION_ALL_ACCESS,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtError,
  type NativeMemory,
  nativeMemory,
  ntKernel as nt,
  OBJ_CASE_INSENSITIVE,
  OBJECT_ATTRIBUTES,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_CANCELLED,
  STATUS_PENDING,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';
import { CreateIoCompletionPort, GetLastError, SetEvent } from 'ntdllx/kernel32';
import {
  AF_INET,
  IPPROTO_UDP,
  SOCK_DGRAM,
  sockaddr_in,
  WSA_FLAG_OVERLAPPED,
  WSADATA,
  WSAENOTSOCK,
} from 'ntdllx/ws2_32';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

// Traces of the real kernel. The tests poll a UDP socket: it can send at once, and nothing sends
// to it.

const noHandle = 0x7ffc;
const wsaData = allocate(WSADATA.size);
nt.WSAStartup(0x202, wsaData.address);
wsaData.free();
/** Memory for the inputs and outputs of single calls. */
let scratch: NativeMemory;

beforeEach(() => {
  scratch = allocate(512);
  scratch.fill(0);
});
afterEach(() => {
  scratch.free();
  expect(nativeMemory().blocks).toBe(0);
});
afterAll(() => {
  nt.WSACleanup();
});

function traced(run: () => void): readonly TraceRecord[] {
  const trace = startTrace();
  try {
    run();
  } finally {
    trace.stop();
  }
  return trace.stop().records;
}

const calls = (records: readonly TraceRecord[], name: string): CallRecord[] =>
  records.filter(
    (record): record is CallRecord => 'function' in record && record.function === name,
  );
const packets = (records: readonly TraceRecord[]): PacketRecord[] =>
  records.filter((record) => record.kind === 'packet');
const argument = (call: CallRecord | undefined, name: string) =>
  call?.args.find((each) => each.name === name)?.text;

function openPort(): HANDLE {
  const status = nt.NtCreateIoCompletion(scratch.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
  requireNtSuccess('NtCreateIoCompletion', status);
  return Number(scratch.readU64(0));
}

function openAfd(): HANDLE {
  const name = '\\Device\\Afd\\Tofu';
  const attributes = allocate(OBJECT_ATTRIBUTES.byteLength(name));
  OBJECT_ATTRIBUTES.write(attributes, name, OBJ_CASE_INSENSITIVE);
  const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
  const at = scratch.address;
  const iosb = at + 16;
  const status = nt.NtCreateFile(
    at,
    SYNCHRONIZE,
    attributes.address,
    iosb,
    0,
    0,
    share,
    FILE_OPEN,
    0,
    0,
    0,
  );
  attributes.free();
  requireNtSuccess('NtCreateFile', status);
  return Number(scratch.readU64(0));
}

/** Opens a UDP socket that is bound to a free port on loopback. */
function openSocket(): HANDLE {
  const s = nt.WSASocketW(AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0, 0, WSA_FLAG_OVERLAPPED);
  scratch.fill(0);
  scratch.writeU16(sockaddr_in.fields.sin_family[0], AF_INET);
  scratch.write(sockaddr_in.fields.sin_addr[0], new Uint8Array([127, 0, 0, 1]));
  expect(nt.bind(s, scratch.address, sockaddr_in.size)).toBe(0);
  return Number(s);
}

const infoOffset = IO_STATUS_BLOCK.layout.size;
const infoBytes = AFD_POLL_INFO.byteLength(1);

/** Submits a poll of a socket on an AFD handle. */
function poll(afd: HANDLE, socket: HANDLE, events: number, block: NativeMemory): number {
  const info = new AFD_POLL_INFO(block, infoOffset);
  block.fill(0);
  new IO_STATUS_BLOCK(block).Status = STATUS_PENDING;
  info.Timeout = INT64_MAX;
  info.NumberOfHandles = 1;
  info.handle(0).Handle = BigInt(socket);
  info.handle(0).Events = events;
  const { address } = block;
  const at = info.address;
  return nt.NtDeviceIoControlFile(
    afd,
    0,
    0,
    address,
    address,
    IOCTL_AFD_POLL,
    at,
    infoBytes,
    at,
    infoBytes,
  );
}

/** Removes packets from a port; waits 200 ms at most. */
function remove(port: HANDLE): number {
  scratch.writeI64(264, relativeTimeout100ns(200));
  return nt.NtRemoveIoCompletionEx(
    port,
    scratch.address,
    8,
    scratch.address + 256,
    scratch.address + 264,
    0,
  );
}

test('the trace shows polls that are cancelled, succeed at once, and succeed without a packet', () => {
  const block = allocate(infoOffset + infoBytes);
  const records = traced(() => {
    const port = openPort();
    const afd = openAfd();
    CreateIoCompletionPort(afd, port, 7, 0);
    const socket = openSocket();
    expect(poll(afd, socket, AFD_POLL_RECEIVE, block)).toBe(STATUS_PENDING);
    nt.NtCancelIoFileEx(afd, block.address, scratch.address + 304);
    remove(port);
    expect(poll(afd, socket, AFD_POLL_SEND, block)).toBe(STATUS_SUCCESS);
    remove(port);
    scratch.writeU32(32, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    const kind = FileIoCompletionNotificationInformation;
    const at = scratch.address;
    expect(nt.NtSetInformationFile(afd, at, at + 32, 4, kind)).toBe(STATUS_SUCCESS);
    expect(poll(afd, socket, AFD_POLL_SEND, block)).toBe(STATUS_SUCCESS);
    remove(port);
    for (const handle of [afd, port]) nt.NtClose(handle);
    nt.closesocket(socket);
  });
  block.free();
  const polls = calls(records, 'NtDeviceIoControlFile');
  expect(polls.map(({ completion }) => completion?.packet)).toEqual(['due', 'due', 'none']);
  expect(polls[2]?.completion?.reason).toBe('FILE_SKIP_COMPLETION_PORT_ON_SUCCESS');
  expect(polls.map(({ answer }) => answer?.sockets[0]?.events)).toEqual([
    undefined,
    ['SEND'],
    ['SEND'],
  ]);
  expect(argument(polls[0], 'FileHandle')).toBe('afd#1');
  expect(argument(polls[0], 'InputBuffer')).toContain('socket#1: RECEIVE}');
  // The three requests use the same block. Each packet is assigned to its own request, and the
  // third request has no packet.
  expect(packets(records)).toMatchObject([
    { status: STATUS_CANCELLED, keyContext: 7n, request: { number: polls[0]?.number } },
    { status: 0, request: { number: polls[1]?.number }, answer: { numberOfHandles: 1 } },
  ]);
  expect(argument(calls(records, 'NtCancelIoFileEx')[0], 'IoRequestToCancel')).toBe('&iosb#2');
  const removals = calls(records, 'NtRemoveIoCompletionEx');
  expect(removals.map(({ result }) => result.text)).toEqual([
    'STATUS_SUCCESS',
    'STATUS_SUCCESS',
    'STATUS_TIMEOUT',
  ]);
});

test('a new handle with a reused value does not have the FILE_SKIP_* flags of the closed one', () => {
  const block = allocate(infoOffset + infoBytes);
  const handles: HANDLE[] = [];
  const records = traced(() => {
    const port = openPort();
    const socket = openSocket();
    for (const skips of [true, false]) {
      const afd = openAfd();
      handles.push(afd);
      CreateIoCompletionPort(afd, port, 7, 0);
      if (skips) {
        scratch.writeU32(32, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
        const kind = FileIoCompletionNotificationInformation;
        const at = scratch.address;
        expect(nt.NtSetInformationFile(afd, at, at + 32, 4, kind)).toBe(STATUS_SUCCESS);
      }
      expect(poll(afd, socket, AFD_POLL_SEND, block)).toBe(STATUS_SUCCESS);
      remove(port);
      nt.NtClose(afd);
    }
    nt.NtClose(port);
    nt.closesocket(socket);
  });
  block.free();
  // This test needs a reused value, and NT did reuse it.
  expect(new Set(handles).size).toBe(1);
  const polls = calls(records, 'NtDeviceIoControlFile');
  expect(polls.map(({ completion }) => completion?.packet)).toEqual(['none', 'due']);
  // The recorder copied the output, so it assigned the packet to the second poll when it arrived.
  expect(packets(records)).toMatchObject([
    { request: { number: polls[1]?.number }, answer: { numberOfHandles: 1 } },
  ]);
});

test('a new handle with a reused value gets a new name', () => {
  const records = traced(() => {
    for (let round = 0; round < 3; round += 1) nt.NtClose(openPort());
  });
  const closes = calls(records, 'NtClose');
  const values = closes.map(({ args }) => args[0]?.value);
  expect(closes.map((call) => argument(call, 'Handle'))).toEqual(['port#1', 'port#2', 'port#3']);
  // This test needs a reused value, and NT did reuse one.
  expect(new Set(values).size).toBeLessThan(3);
});

test('a failed call has the error that the program read, and the program reads the right one', () => {
  const records = traced(() => {
    expect(nt.closesocket(noHandle)).toBe(-1);
    expect(nt.WSAGetLastError()).toBe(WSAENOTSOCK);
    expect(SetEvent(noHandle)).toBe(0);
    expect(GetLastError()).toBe(6);
    // The program does not ask for this error: the next call is not WSAGetLastError.
    expect(nt.listen(noHandle, 1)).toBe(-1);
    expect(isNtError(nt.NtClose(noHandle))).toBe(true);
  });
  expect(calls(records, 'closesocket')[0]).toMatchObject({ error: 'WSAENOTSOCK' });
  expect(calls(records, 'SetEvent')[0]).toMatchObject({ error: 'Win32 error 6' });
  expect(calls(records, 'listen')[0]).not.toHaveProperty('error');
  expect(records.map((record) => (record.kind === 'call' ? record.number : 0))).toEqual([
    1, 2, 3, 4, 5, 6,
  ]);
});

test('an invalid address is shown as a number, and its memory is not read', () => {
  const at = scratch.address;
  const records = traced(() => {
    // NT refuses the class before it reads the information.
    nt.NtSetInformationFile(noHandle, at, 0x10, 16, 9_999);
    nt.NtClose(noHandle);
  });
  expect(argument(calls(records, 'NtSetInformationFile')[0], 'FileInformation')).toBe('&0x10');
});

test('onRecord gets each record at once; a trace that keeps no calls returns no records', () => {
  const reported: string[] = [];
  const trace = startTrace({
    keep: false,
    onRecord: (record) => reported.push(record.kind === 'call' ? record.function : 'packet'),
  });
  const port = openPort();
  nt.NtSetIoCompletion(port, 1, 2, 3, 4);
  remove(port);
  expect(reported).toEqual([
    'NtCreateIoCompletion',
    'NtSetIoCompletion',
    'NtRemoveIoCompletionEx',
    'packet',
  ]);
  nt.NtClose(port);
  expect(trace.stop().records).toEqual([]);
  expect(trace.stop()).toBe(trace.stop());
  nt.NtClose(noHandle);
  expect(reported).toHaveLength(5);
});

test('openHandles lists a handle until it is closed', () => {
  const trace = startTrace({ keep: false, onRecord: () => {} });
  const [first, second] = [openPort(), openPort()];
  expect(trace.openHandles()).toEqual([
    { handle: BigInt(first), name: 'port#1' },
    { handle: BigInt(second), name: 'port#2' },
  ]);
  nt.NtClose(first);
  expect(trace.openHandles().map(({ name }) => name)).toEqual(['port#2']);
  nt.NtClose(second);
  expect(trace.openHandles()).toEqual([]);
  trace.stop();
});

test('flush delivers a failed call once, without waiting for the next call', () => {
  const reported: TraceRecord[] = [];
  const trace = startTrace({ keep: false, onRecord: (record) => reported.push(record) });
  expect(nt.closesocket(noHandle)).toBe(-1);
  expect(reported).toEqual([]);
  trace.flush();
  trace.flush();
  expect(reported).toMatchObject([{ function: 'closesocket' }]);
  expect(reported[0]).not.toHaveProperty('error');
  expect(nt.WSAGetLastError()).toBe(WSAENOTSOCK);
  expect(reported).toHaveLength(2);
  trace.stop();
});

test('a trace with a limit keeps the first calls and counts the rest', () => {
  const trace = startTrace({ keep: 2 });
  for (let call = 0; call < 5; call += 1) GetLastError();
  const { records, callCount } = trace.stop();
  expect(records).toMatchObject([{ number: 1 }, { number: 2 }]);
  expect(callCount).toBe(5);
  const reported: number[] = [];
  const observedTrace = startTrace({
    keep: 2,
    onRecord: (record) => reported.push(record.kind.length),
  });
  for (let call = 0; call < 5; call += 1) GetLastError();
  expect(observedTrace.stop().records).toHaveLength(2);
  // onRecord gets all calls, also those that are not kept.
  expect(reported).toHaveLength(5);
});
