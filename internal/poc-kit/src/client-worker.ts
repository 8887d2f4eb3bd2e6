import { type Skt, SocketCreator, TCPClientAddress } from 'tofu-sockets';
import type { ClientAnswer, ClientTask } from './client-thread.js';
import { serveHelper } from './helper-thread.js';

let client: Skt | undefined;

serveHelper<ClientTask, ClientAnswer>((task) => {
  if (task.connectTo !== undefined) {
    const { host, port } = task.connectTo;
    client = new SocketCreator().fromAddress(new TCPClientAddress(host, port));
    client.connect();
  } else if (task.isEndpointWanted && client !== undefined) {
    return { local: client.localEndpoint() };
  } else {
    client?.close();
    client = undefined;
  }
  return {};
});
