import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  credentials,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { bytes, type Run, type Scenario } from '../run.js';

const asIs = (value: Buffer) => value;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const service = {
  same: method('Same', false, false),
  fail: method('Fail', false, false),
  never: method('Never', false, false),
  list: method('List', false, true),
  sum: method('Sum', true, false),
  chat: method('Chat', true, true),
};
type Unary = ServerUnaryCall<Buffer, Buffer>;
type Done = sendUnaryData<Buffer>;

function createService(run: Run, onNever: () => void): Server {
  const server = new Server();
  server.addService(service, {
    same(call: Unary, done: Done) {
      run.note('server', 'metadata', call.metadata.get('x-key'));
      done(null, call.request);
    },
    fail(_call: Unary, done: Done) {
      done({ code: status.NOT_FOUND, details: 'there is no such thing' });
    },
    never(call: Unary) {
      call.on('cancelled', () => run.note('server', 'cancelled'));
      onNever();
    },
    list(call: ServerWritableStream<Buffer, Buffer>) {
      for (let item = 0; item < 200; item += 1) call.write(bytes(item * 10));
      call.end();
    },
    sum(call: ServerReadableStream<Buffer, Buffer>, done: Done) {
      let total = 0;
      call.on('data', (part: Buffer) => {
        total += part.length;
      });
      call.on('end', () => done(null, Buffer.from(`${total}`)));
    },
    chat(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on('data', (part: Buffer) => call.write(part));
      call.on('end', () => call.end());
    },
  });
  return server;
}

/** grpc-js has no hook for a client's connection: it connects to this port, which relays. */
async function relayTo(run: Run) {
  const relay = createServer((socket) => {
    const target = run.connect();
    socket.pipe(target).pipe(socket);
    socket.on('error', () => target.destroy()).on('close', () => target.destroy());
    target.on('error', () => socket.destroy()).on('close', () => socket.destroy());
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  return { relay, port: (relay.address() as AddressInfo).port };
}

/** @grpc/grpc-js: the four kinds of calls, metadata, errors, a cancelled call, a lost server. */
export const grpc: Scenario = {
  name: '@grpc/grpc-js',
  async play(run) {
    let onNever = () => {};
    const server = createService(run, () => onNever());
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const accepted: Socket[] = [];
    await run.serve((socket) => {
      accepted.push(socket);
      injector.injectConnection(socket);
    });
    const { relay, port } = await relayTo(run);
    const GenericClient = makeGenericClientConstructor(service, 'Echo');
    const client = new GenericClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-key', 'a value');
    const unary = (name: string, request: Buffer, isCancelled = false) =>
      new Promise<void>((resolve) => {
        const done = (error: ServiceError | null, answer?: Buffer) => {
          if (error) run.note(name, error.code, error.details);
          else run.note(name, answer);
          resolve();
        };
        const call = client[name]?.call(client, request, metadata, done);
        if (isCancelled) onNever = () => call.cancel();
      });
    for (const size of [0, 5, 1_000_000]) await unary('same', bytes(size));
    await unary('fail', bytes(1));
    await unary('never', bytes(1), true);

    const list = client['list']?.call(client, bytes(1));
    let received = 0;
    list.on('data', (part: Buffer) => {
      received += part.length;
    });
    await once(list, 'end');
    run.note('list', received);
    await new Promise<void>((resolve) => {
      const sum = client['sum']?.call(client, (error: ServiceError | null, answer?: Buffer) => {
        run.note('sum', error, String(answer));
        resolve();
      });
      for (let part = 0; part < 50; part += 1) sum.write(bytes(part * 100));
      sum.end();
    });
    const chat = client['chat']?.call(client);
    for (const text of ['one', 'two', 'three']) {
      chat.write(Buffer.from(text));
      run.note('chat', String((await once(chat, 'data'))[0]));
    }
    chat.end();
    chat.resume();
    await once(chat, 'end');

    const lost = unary('never', bytes(1));
    await new Promise<void>((resolve) => {
      onNever = resolve;
    });
    for (const socket of accepted) socket.destroy();
    await lost;
    injector.destroy();
    client.close();
    server.forceShutdown();
    relay.close();
  },
};
