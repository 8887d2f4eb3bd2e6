// A peer that a test kills: a client with several connections that send without end, or a server
// that reads what it gets, or nothing. Arguments: client PORT COUNT; server PORT read|ignore.
import { connect, createServer } from 'node:net';

const [, , role, port, how] = process.argv;
/** The byte of the stream with the seed 1 at a place; as in traffic.ts. */
const byteAt = (place) => (1 + place * 31 + (place >> 8)) & 0xff;
const pieceBytes = 1_000;

if (role === 'client') {
  let started = 0;
  for (let index = 0; index < Number(how); index += 1) {
    const socket = connect(Number(port), '127.0.0.1', () => {
      let sent = 0;
      const send = () => {
        const piece = Buffer.from(Array.from({ length: pieceBytes }, (_, at) => byteAt(sent + at)));
        sent += pieceBytes;
        socket.write(piece, () => setImmediate(send));
      };
      send();
      started += 1;
      if (started === Number(how)) process.stdout.write('ready\n');
    });
  }
} else {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (how === 'read') socket.on('data', () => process.stdout.write('read\n'));
    process.stdout.write('accepted\n');
  });
  server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
}
