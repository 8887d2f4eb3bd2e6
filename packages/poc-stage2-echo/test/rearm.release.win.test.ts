import { type EchoConnection, EchoServer } from 'poc-stage2-echo';
import { expect, test } from 'vitest';
import { echoOnce, newClient, startServer } from './clients.js';

/** Polls again before the I/O: the condition still holds, so the poll ends at once, for nothing. */
class EarlyServer extends EchoServer {
  protected override serve(connection: EchoConnection): void {
    this.arm(connection);
    connection.echo(this.buffer);
  }
}

const rounds = 200;

test.each([
  ['after the I/O costs one packet a message', EchoServer, 1],
  ['before the I/O costs two', EarlyServer, 2],
] as const)('to poll again %s', async (_name, Kind, packetsEach) => {
  const server = startServer(Kind);
  const socket = await newClient(server);
  await echoOnce(server, socket, 'warm');
  while (server.turn(20) > 0);
  const before = { ...server.counts };
  for (let round = 0; round < rounds; round += 1) {
    await echoOnce(server, socket, 'message');
    // A client that thinks before it goes on: what the early poll costs is then not hidden.
    while (server.turn(2) > 0);
  }
  const packets = (server.counts.packets - before.packets) / rounds;
  const polls = (server.counts.polls - before.polls) / rounds;
  console.log(`${packets} packets and ${polls} polls a message`);
  expect({ packets, polls }).toEqual({ packets: packetsEach, polls: packetsEach });
});
