import { AfdPoller } from 'afd-poller';
import { SocketCreator, UDPAddress } from 'tofu-sockets';

try {
  const address = new UDPAddress('127.0.0.1', 0);
  const skt = new SocketCreator().fromAddress(address);
  const poller = new AfdPoller({ allowMainThread: true });
  poller.add(skt, { writable: true });
  for (const event of poller.wait(5_000)) {
    if (event.kind !== 'socket') continue;
    console.log('socket', event.isWritable);
  }
  poller.close();
  skt.close();
} catch (error) {
  if (!(error instanceof Error && 'code' in error)) throw error;
  console.log(error.code, error.message);
}
