// A server in Windows Node. It listens at the address in its argument until Ctrl-C.
import { parseAddress, SocketCreator, UDSServerAddress, wouldBlock } from 'tofu-sockets';

const { address, error } = parseAddress(process.argv[2], 'server');
if (error !== undefined) throw error;
const creator = new SocketCreator();
// A killed server leaves its socket file.
if (address instanceof UDSServerAddress) creator.removeStale(address);
const listener = creator.fromAddress(address);
const turn = setInterval(() => {
  for (let skt = listener.accept(); skt !== wouldBlock; skt = listener.accept()) skt.close();
}, 10);
process.on('SIGINT', () => {
  clearInterval(turn);
  listener.close();
  console.log('closed');
});
console.log('up');
