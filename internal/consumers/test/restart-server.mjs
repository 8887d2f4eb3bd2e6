// A server in Windows Node, at the address that is its argument, until Ctrl-C.
import { parseAddress, SocketCreator, UDSServerAddress, wouldBlock } from 'tofu-sockets';

const { address, error } = parseAddress(process.argv[2], 'server');
if (error !== undefined) throw error;
const creator = new SocketCreator();
// Where an owner was killed, its file is left.
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
