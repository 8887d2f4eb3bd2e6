import {
  afdScratchBytes,
  CompletionPort,
  cancelPoll,
  largestTake,
  openAfd,
  pollBlockBytes,
  pollInfoOffset,
  pollStatus,
  portMemoryBytes,
  postPacket,
  reportedCause,
  reportedEvents,
  reportedHandle,
  reportedHandles,
  submitPoll,
  writePoll,
  writePollHandle,
  writePollHeader,
} from 'nt-afd';
import { RawPoller } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ACCEPT,
  AFD_POLL_LOCAL_CLOSE,
  type Kernel,
  type NativeMemory,
  NtStatusError,
  STATUS_CANCELLED,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_FOUND,
  STATUS_PENDING,
  STATUS_SUCCESS,
} from 'ntdllx';
import {
  AF_INET,
  FIONBIO,
  SOCK_STREAM,
  sockaddr_in,
  WSA_FLAG_OVERLAPPED,
  WSADATA,
} from 'ntdllx/ws2_32';
import { createSimNt } from 'sim-nt';
import { beforeEach, expect, test } from 'vitest';

// A single poll, step by step, on the simulated kernel, which checks that nothing else accesses
// the memory that it owns. The contract tests cover the real kernel.

let sim: ReturnType<typeof createSimNt>;
let kernel: Kernel;
let owned: NativeMemory[];
const own = (byteLength: number) => {
  const memory = kernel.allocate(byteLength);
  owned.push(memory);
  return memory;
};

beforeEach(() => {
  sim = createSimNt({ seed: 1 });
  kernel = sim.kernel;
  owned = [];
});

/**
 * Two sockets on loopback, a listener and a client; `connect` connects the client to the listener.
 */
function sockets() {
  const memory = own(WSADATA.size);
  kernel.WSAStartup(0x0202, memory.address);
  const open = () => {
    const socket = kernel.WSASocketW(AF_INET, SOCK_STREAM, 0, 0, 0, WSA_FLAG_OVERLAPPED);
    memory.writeU32(0, 1);
    kernel.ioctlsocket(socket, FIONBIO | 0, memory.address);
    return Number(socket);
  };
  const listener = open();
  const client = open();
  memory.fill(0);
  memory.writeU16(sockaddr_in.fields.sin_family[0], AF_INET);
  memory.write(sockaddr_in.fields.sin_addr[0], Uint8Array.of(127, 0, 0, 1));
  memory.writeI32(64, sockaddr_in.size);
  const { address } = memory;
  kernel.bind(listener, address, sockaddr_in.size);
  kernel.listen(listener, 5);
  kernel.getsockname(listener, address, address + 64);
  const connect = () => kernel.connect(client, address, sockaddr_in.size);
  const close = () => {
    for (const socket of [client, listener]) kernel.closesocket(socket);
    kernel.WSACleanup();
  };
  return { listener, client, connect, close };
}

/** A port, an AFD handle that is associated with it, and a block for a poll. */
function parts() {
  const port = new CompletionPort(kernel, own(portMemoryBytes));
  const afd = openAfd(kernel, own(afdScratchBytes));
  expect(port.associate(afd, 7)).toBe(STATUS_SUCCESS);
  const block = own(pollBlockBytes(1));
  const close = () => {
    kernel.NtClose(afd);
    port.close();
  };
  return { port, afd, block, close };
}

function submit(afd: number, block: NativeMemory, socket: number, mask: number, context = 1) {
  writePollHeader(block, 0);
  writePollHandle(block, 0, 0, socket, mask);
  writePoll(block, 0, 1);
  const { address } = block;
  return submitPoll(kernel, afd, context, address, address + pollInfoOffset, 1);
}

function expectNothingLeft() {
  for (const memory of owned) memory.free();
  expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
}

test('an accept is reported by a packet with our ApcContext, and the output names the socket', () => {
  const { listener, connect, close } = sockets();
  const { port, afd, block, ...rest } = parts();
  expect(submit(afd, block, listener, AFD_POLL_ACCEPT, 4_711)).toBe(STATUS_PENDING);
  expect(port.take(0)).toBe(0);
  connect();
  sim.deliver();
  expect(port.take(1_000)).toBe(1);
  const index = port.next();
  expect([port.key(index), port.apcContext(index), port.status(index)]).toEqual([7, 4_711, 0]);
  expect(port.next()).toBe(-1);
  expect(pollStatus(block, 0)).toBe(STATUS_SUCCESS);
  expect(reportedHandles(block, 0)).toBe(1);
  expect(reportedHandle(block, 0, 0)).toBe(listener);
  expect(reportedEvents(block, 0, 0)).toBe(AFD_POLL_ACCEPT);
  expect(reportedCause(block, 0, 0)).toBe(0);
  close();
  rest.close();
  expectNothingLeft();
});

test('a cancelled poll reports no socket, although its block still contains the input', () => {
  const { listener, close } = sockets();
  const { port, afd, block, ...rest } = parts();
  submit(afd, block, listener, AFD_POLL_ACCEPT | AFD_POLL_LOCAL_CLOSE);
  const { address } = block;
  expect(cancelPoll(kernel, afd, address, port.scratchAddress)).toBe(STATUS_SUCCESS);
  // Here the kernel still owns the block; the simulation would report a write to it.
  expect(port.take(1_000)).toBe(1);
  port.next();
  expect(pollStatus(block, 0)).toBe(STATUS_CANCELLED);
  expect(reportedEvents(block, 0, 0)).toBe(AFD_POLL_ACCEPT | AFD_POLL_LOCAL_CLOSE);
  expect(reportedHandles(block, 0)).toBe(0);
  expect(cancelPoll(kernel, afd, address, port.scratchAddress)).toBe(STATUS_NOT_FOUND);
  close();
  rest.close();
  expectNothingLeft();
});

test('polls allocate no native memory', () => {
  const { listener, close } = sockets();
  const { port, afd, block, ...rest } = parts();
  const { blocks } = sim.memory;
  for (let round = 0; round < 20; round += 1) {
    submit(afd, block, listener, AFD_POLL_ACCEPT);
    cancelPoll(kernel, afd, 0, port.scratchAddress);
    expect(port.take(1_000)).toBe(1);
    port.next();
  }
  expect(sim.memory.blocks).toBe(blocks);
  close();
  rest.close();
  expectNothingLeft();
});

test('take removes no packets while next has not returned all previous ones', () => {
  const { port, ...rest } = parts();
  const post = (value: number) => postPacket(kernel, port.handle, 1, 0, 0, value);
  for (let value = 0; value < largestTake; value += 1) post(value);
  expect(port.take(0)).toBe(largestTake);
  post(largestTake);
  expect(port.information(port.next())).toBe(0);
  expect(port.take(0)).toBe(largestTake - 1);
  for (let value = 1; value < largestTake; value += 1) {
    expect(port.information(port.next())).toBe(value);
  }
  expect(port.next()).toBe(-1);
  expect(port.take(0)).toBe(1);
  expect(port.information(port.next())).toBe(largestTake);
  expect(port.take(0)).toBe(0);
  rest.close();
  expectNothingLeft();
});

test('a second port for a file, and an invalid handle, are refused with a status', () => {
  const { port, afd, ...rest } = parts();
  expect(port.associate(afd, 1)).toBe(STATUS_INVALID_PARAMETER);
  expect(port.associate(0x7ffc, 1)).not.toBe(STATUS_SUCCESS);
  expect(port.setNotificationModes(afd, 0)).toBe(STATUS_SUCCESS);
  expect(port.setNotificationModes(port.handle, 0)).not.toBe(STATUS_SUCCESS);
  rest.close();
  expectNothingLeft();
});

test('a failed NT call is an error with the call and the status, and leaks nothing', () => {
  const refuse = () => STATUS_INSUFFICIENT_RESOURCES;
  const broken = { ...kernel, NtCreateIoCompletion: refuse, NtCreateFile: refuse };
  const memory = own(portMemoryBytes);
  const refused = (call: string) => expect.objectContaining({ call, name: NtStatusError.name });
  expect(() => new CompletionPort(broken, memory)).toThrowError(refused('NtCreateIoCompletion'));
  expect(() => openAfd(broken, memory)).toThrowError(refused('NtCreateFile'));
  expect(() => postPacket(kernel, 0x7ffc, 1, 0, 0, 0)).toThrowError(refused('NtSetIoCompletion'));
  expectNothingLeft();
});

test('RawPoller frees and closes everything, also when one of its handles is already closed', () => {
  const { listener, close } = sockets();
  const poller = new RawPoller(kernel);
  const { poll, status } = poller.arm(listener, AFD_POLL_ACCEPT);
  expect(status).toBe('STATUS_PENDING');
  poller.closeHandle(poller.afd);
  expect(poll.isPending).toBe(false);
  poller.close();
  close();
  expectNothingLeft();
});
