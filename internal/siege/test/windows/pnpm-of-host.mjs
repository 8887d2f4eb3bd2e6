// pnpm for the rehearsal: runs in Windows Node, and lets the host's own pnpm execute the command.
// Its first argument is the port at which host-pnpm.ts listens.
import { connect } from 'node:net';

const [port, ...args] = process.argv.slice(2);
const socket = connect(Number(port), '127.0.0.1');
socket.on('error', (error) => {
  process.stderr.write(`pnpm of the host: ${error.message}\n`);
  process.exitCode = 1;
});
socket.write(`${JSON.stringify({ cwd: process.cwd(), args })}\n`);
let answer = '';
socket.setEncoding('utf8');
socket.on('data', (text) => {
  answer += text;
});
// The last line is the exit code.
socket.on('end', () => {
  const lines = answer.split('\n');
  process.exitCode = Number(lines.pop());
  process.stdout.write(lines.join('\n'));
});
