import { type ClientSkt, parseAddress, SocketCreator } from 'tofu-sockets';
import type { ClientAnswer, ClientTask } from './client-thread.js';
import { serveHelper } from './helper-thread.js';

let client: ClientSkt | undefined;

serveHelper<ClientTask, ClientAnswer>((task) => {
  if (task.connectTo !== undefined) {
    const { address, error } = parseAddress(task.connectTo, 'client');
    if (error !== undefined) throw error;
    client = new SocketCreator().fromAddress(address);
    client.connect();
  } else if (task.text !== undefined) {
    client?.send(Buffer.from(task.text));
  } else if (task.isEndpointWanted && client !== undefined) {
    return { local: client.localEndpoint() };
  } else {
    client?.close();
    client = undefined;
  }
  return {};
});
