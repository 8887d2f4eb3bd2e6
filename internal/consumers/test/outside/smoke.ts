import { poll } from './programs.js';

/** A program that uses the main thing of one package, and what it prints. */
export interface Smoke {
  /** `host`: in the Node of the host. `windows`: in Windows Node. */
  readonly runsIn: 'host' | 'windows';
  readonly code: string;
  readonly prints: string;
}

/** The smoke test of each published package. */
export const smokeTests: Readonly<Record<string, Smoke>> = {
  ntdllx: {
    runsIn: 'windows',
    code: `import {
  allocate, FILE_IO_COMPLETION_INFORMATION, IO_COMPLETION_ALL_ACCESS, NtClose,
  NtCreateIoCompletion, NtRemoveIoCompletionEx, NtSetIoCompletion, requireNtSuccess,
} from 'ntdllx';
const { size } = FILE_IO_COMPLETION_INFORMATION.layout;
const memory = allocate(size + 8);
const created = NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
requireNtSuccess('NtCreateIoCompletion', created);
const port = Number(memory.readU64(0));
NtSetIoCompletion(port, 1, 2, 0, 3);
NtRemoveIoCompletionEx(port, memory.address, 1, memory.address + size, 0, 0);
console.log('ApcContext', new FILE_IO_COMPLETION_INFORMATION(memory).ApcContext);
NtClose(port);
memory.free();
`,
    prints: 'ApcContext 2n\n',
  },
  'nt-afd': {
    runsIn: 'windows',
    code: `import { RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_SEND, afdPollNames } from 'ntdllx';
import { SocketCreator, UDPAddress } from 'tofu-sockets';
const skt = new SocketCreator().fromAddress(new UDPAddress('127.0.0.1', 0));
const poller = new RawPoller();
for (const { events } of poller.pollBlocking(skt, AFD_POLL_SEND, 5_000) ?? []) {
  console.log(afdPollNames(events).join());
}
poller.close();
skt.close();
`,
    prints: 'SEND\n',
  },
  'tofu-sockets': {
    runsIn: 'windows',
    code: `import { setTimeout } from 'node:timers/promises';
import { clientAddressOf, SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';
const creator = new SocketCreator();
const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
const client = creator.fromAddress(clientAddressOf(listener.localEndpoint()));
console.log('without a client:', listener.accept() === wouldBlock);
client.connect();
let accepted = wouldBlock;
while (accepted === wouldBlock) {
  await setTimeout(1);
  accepted = listener.accept();
}
console.log('one port:', accepted.peerEndpoint().port === client.localEndpoint().port);
for (const skt of [accepted, client, listener]) skt.close();
`,
    prints: 'without a client: true\none port: true\n',
  },
  'afd-poller': { runsIn: 'windows', code: poll, prints: 'socket true\n' },
  'tofu-reactor': {
    runsIn: 'windows',
    code: `import { Reactor } from 'tofu-reactor';
const reactor = new Reactor();
const server = await reactor.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
  connection.onReadable = () => {
    const into = Buffer.alloc(16);
    const count = connection.readInto(into);
    if (typeof count === 'number' && count > 0) connection.write(into.subarray(0, count));
  };
});
const running = reactor.run();
const client = await reactor.connect(server.endpoint);
client.write('hello');
const into = Buffer.alloc(16);
console.log(into.toString('utf8', 0, await client.read(into)));
await reactor.close();
await running;
`,
    prints: 'hello\n',
  },
  'nt-findings': {
    runsIn: 'windows',
    code: `import { findFinding, findHost, probeFinding } from 'nt-findings';
for await (const { name, seen } of probeFinding(findFinding('F14'), findHost())) {
  console.log(name, seen);
}
`,
    prints: 'TCP silent\nUDP, bound SEND\n',
  },
  'nt-trace': {
    runsIn: 'windows',
    code: `import { startTrace } from 'nt-trace';
import { allocate, IO_COMPLETION_ALL_ACCESS, NtClose, NtCreateIoCompletion } from 'ntdllx';
const memory = allocate(8);
const trace = startTrace();
NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
NtClose(memory.readPointer(0));
console.log(trace.stop().records.map((record) => record.function).join());
memory.free();
`,
    prints: 'NtCreateIoCompletion,NtClose\n',
  },
  winnode: {
    runsIn: 'host',
    code: `import { runWindowsNode } from 'winnode';
const { exitCode } = await runWindowsNode(['-p', 'process.platform']);
console.log('exit code', exitCode);
`,
    prints: 'win32\nexit code 0\n',
  },
};

/** A program that runs other programs of this file in turn. A line names each before its output. */
export const runInTurn = (files: Readonly<Record<string, string>>) => `
  for (const [name, file] of Object.entries(${JSON.stringify(files)})) {
    console.log('# ' + name + ' from ' + import.meta.resolve(name));
    await import(file).catch((error) => console.log(error));
  }
`;
