import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const name = process.argv[2] ?? 'C:\\run\\grpc.sock';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };
const net = netOn(new Reactor());

// A service with one method. Yours comes from a .proto file, by @grpc/proto-loader or protoc.
const json = {
  serialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes: Buffer) => JSON.parse(bytes.toString()),
};
const greeter = {
  greet: {
    path: '/example.Greeter/Greet',
    requestStream: false,
    responseStream: false,
    requestSerialize: json.serialize,
    requestDeserialize: json.deserialize,
    responseSerialize: json.serialize,
    responseDeserialize: json.deserialize,
  },
};

// The server: it gets the connections of the file.
const service = new Server();
service.addService(greeter, {
  greet({ request }: ServerUnaryCall<string, string>, done: sendUnaryData<string>) {
    done(null, `hello, ${request}`);
  },
});
const injector = service.createConnectionInjector(ServerCredentials.createInsecure());
const server = net.createServer((socket) => injector.injectConnection(socket));
await once(server.listen(place), 'listening');

// The client: grpc-js connects to a port only, so a port of this process relays to the file.
const relay = createServer((socket) => {
  const target = net.connect(place);
  socket.pipe(target).pipe(socket);
  socket.on('error', () => target.destroy());
  target.on('error', () => socket.destroy());
});
await once(relay.listen(0, '127.0.0.1'), 'listening');
const address = relay.address();
const port = typeof address === 'object' ? address?.port : 0;

const Greeter = makeGenericClientConstructor(greeter, 'Greeter');
const client = new Greeter(`127.0.0.1:${port}`, credentials.createInsecure());
client['greet']?.call(client, 'tofu', (error: ServiceError | null, text?: string) => {
  console.log(error?.message ?? text);
  client.close();
  relay.close();
  server.close();
  injector.destroy();
});
