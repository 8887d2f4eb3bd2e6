/** An example: lines to type, in order. */
export interface Example {
  readonly title: string;
  readonly lines: readonly string[];
}

const listenAnd = (...lines: readonly string[]) => [
  "listener = new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0))",
  ...lines,
];
const connect = [
  "server = new TCPClientAddress('127.0.0.1', listener.localEndpoint().port)",
  'client = new SocketCreator().fromAddress(server)',
  'client.connect()',
];
const closeAll = 'for (const skt of [listener, client, connection]) skt.close()';

/** The examples of `.example`. They declare nothing, so that each can be repeated. */
export const examples: Readonly<Record<string, Example>> = {
  port: {
    title: 'create a port, post a packet, remove it',
    lines: [
      'memory = allocate(64)',
      'NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0)',
      'port = memory.readPointer(0)',
      'NtSetIoCompletion(port, 1, 2, STATUS_SUCCESS, 3)',
      'memory.writeI64(40, relativeTimeout100ns(10_000))',
      'NtRemoveIoCompletionEx(port, memory.address, 1, memory.address + 32, memory.address + 40, 0)',
      'new FILE_IO_COMPLETION_INFORMATION(memory)',
      'NtClose(port)',
      'memory.free()',
    ],
  },
  poll: {
    title: 'a listener, one AFD_POLL, a client, and the packet',
    lines: listenAnd(
      'armed = poll(listener, AFD_POLL_ACCEPT)',
      'armed.iosb',
      ...connect,
      'armed.wait()',
      'armed.info',
      'connection = listener.accept()',
      closeAll,
    ),
  },
  poller: {
    title: 'the same with AfdPoller, and one received byte',
    lines: listenAnd(
      'poller = new AfdPoller({ allowMainThread: true })',
      "poller.add(listener, { accept: true }, 'listener')",
      ...connect,
      '[...poller.wait(10_000)].map(({ token, isAccept }) => ({ token, isAccept }))',
      'connection = listener.accept()',
      "poller.add(connection, { readable: true }, 'connection')",
      "client.send(Buffer.from('x'))",
      '[...poller.wait(10_000)].map(({ token, isReadable }) => ({ token, isReadable }))',
      'poller.close()',
      closeAll,
    ),
  },
};
