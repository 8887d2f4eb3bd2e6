import { createServer } from 'node:http';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import { WebSocket, WebSocketServer } from 'ws';

const name = process.argv[2] ?? '7099';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };

const page = `<!doctype html><title>Chat</title><input autofocus><pre></pre><script>
  const socket = new WebSocket('ws://' + location.host);
  const [input, lines] = [document.querySelector('input'), document.querySelector('pre')];
  socket.onmessage = ({ data }) => lines.append(data + '\\n');
  input.onchange = () => (socket.send(input.value), (input.value = ''));
</script>`;
const http = createServer((_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(page);
});

const chat = new WebSocketServer({ server: http, maxPayload: 4_096 });
chat.on('connection', (client) => {
  client.on('error', () => client.terminate());
  client.on('message', (text) => {
    for (const other of chat.clients) {
      // Skip a client that does not read: its unsent bytes would fill memory.
      const isFit = other.readyState === WebSocket.OPEN && other.bufferedAmount < 65_536;
      if (isFit) other.send(text.toString());
    }
  });
});

const net = netOn(new Reactor());
const server = net.createServer((socket) => http.emit('connection', socket));
server.listen(place, () => {
  console.log('Listening on', server.address());
  http.emit('listening'); // node:http starts its time-outs at this event
});
