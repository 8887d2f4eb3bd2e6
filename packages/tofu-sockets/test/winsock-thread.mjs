// A thread that repeatedly starts Winsock with its first socket and stops it with its last.
import { parentPort, workerData } from 'node:worker_threads';
import { SocketCreator, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';

const { rounds, port } = workerData;
const creator = new SocketCreator();

const connect = () => {
  const client = creator.fromAddress(new TCPClientAddress('127.0.0.1', port));
  try {
    client.connect();
  } finally {
    client.close();
  }
};
const listen = () => creator.fromAddress(new TCPServerAddress('127.0.0.1', 0)).close();

const failures = [];
for (let round = 0; round < rounds; round += 1) {
  try {
    if (port === undefined) listen();
    else connect();
  } catch (error) {
    failures.push(`${error.wsaCode ?? ''} ${error.message}`);
  }
}
parentPort.postMessage(failures);
