import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const name = process.argv[2] ?? 'C:\\run\\grpc.sock';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };
const net = netOn(new Reactor());

// A service with one method. Yours comes from a .proto file, by @grpc/proto-loader or protoc.
const Greeter = makeGenericClientConstructor(
  {
    greet: {
      path: '/example.Greeter/Greet',
      requestStream: false,
      responseStream: false,
      requestSerialize: (text) => Buffer.from(text),
      requestDeserialize: (bytes) => bytes.toString(),
      responseSerialize: (text) => Buffer.from(text),
      responseDeserialize: (bytes) => bytes.toString(),
    },
  },
  'Greeter',
);

// The server: it gets the connections of the file.
const service = new Server();
service.addService(Greeter.service, {
  greet({ request }, done) {
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
const { port } = relay.address();
const client = new Greeter(`127.0.0.1:${port}`, credentials.createInsecure());
client.greet('tofu', (error, text) => {
  console.log(error?.message ?? text);
  client.close();
  relay.close();
  server.close();
  injector.destroy();
});
