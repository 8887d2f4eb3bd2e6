import { nativeMemory } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { Deadline } from 'poc-kit';
import { type ClientSkt, clientAddressOf, type SktEndpoint } from 'tofu-sockets';
import { ping } from './ping.js';
import { PingServer } from './ping-server.js';

/** What a churn came to. */
export interface ChurnCounts {
  rounds: number;
  /** Clients that the servers saw vanish inside a message, and pings that they answered. */
  vanished: number;
  served: number;
  /** Registrations that a server removed with a poll pending, and added again. */
  removed: number;
  /** Pollers that were closed with polls pending, and polls that were pending then. */
  restarts: number;
  pendingAtRestart: number;
  /** What was left at the end: blocks of native memory, and polls. */
  blocksLeft: number;
  pendingLeft: number;
  /** The value that the next handle had after the second round, and after the last. */
  firstHandle: number;
  lastHandle: number;
}

const roundLimitMs = 10_000;
/** Every so many rounds the poller is closed under load, and another one made. */
const roundsPerServer = 10;
/** The next handle is compared after the second server and after the last, which is a later one. */
const leastRounds = 2 * roundsPerServer + 1;

/** @throws {RangeError} for fewer rounds than can show a leak, and for what is no number of them. */
export function requireRounds(rounds: number): number {
  if (Number.isSafeInteger(rounds) && rounds >= leastRounds) return rounds;
  throw new RangeError(`A churn has ${leastRounds} rounds or more, a whole number, not ${rounds}.`);
}

/** So many handles at once fill the gaps that closed ones have left below a leaked one. */
const probedHandles = 64;

/**
 * The highest of 64 handles that are opened together and closed again. It rises by 4 for each handle
 * that was left open. One alone would fill a gap below the leaked handle and show nothing.
 */
export function nextHandle(): number {
  const events = Array.from({ length: probedHandles }, () => CreateEventA(0, 1, 0, 0));
  for (const event of events) CloseHandle(event);
  return Math.max(...events);
}

/** A client that the server accepted. */
export function connect(server: PingServer<SktEndpoint>): ClientSkt {
  const skt = server.creator.fromAddress(clientAddressOf(server.endpoint));
  const wanted = server.counts.accepted + 1;
  skt.connect();
  turnUntil(server, () => server.counts.accepted === wanted);
  return skt;
}

/** Lets a server work until it is true. @throws {Error} when it is not in time. */
export function turnUntil(server: PingServer<SktEndpoint>, isTrue: () => boolean): void {
  for (const deadline = new Deadline(roundLimitMs); !isTrue(); ) {
    if (deadline.isOver) throw new Error(`The server is stuck: ${JSON.stringify(server.counts)}`);
    server.turn(100);
  }
}

const goneFrom = ({ counts }: PingServer<SktEndpoint>) => counts.ended + counts.broken;

/** One client of every fate. */
function disturb(server: PingServer<SktEndpoint>, counts: ChurnCounts): void {
  const before = { ...server.counts };
  const gone = goneFrom(server);
  const [honest, vanishing] = [connect(server), connect(server)];
  vanishing.send(ping.subarray(0, 2));
  while (server.turn(1) > 0);
  vanishing.abortOnClose();
  vanishing.close();
  // By a reset; over AF_UNIX there is none, and it ends as if in order.
  turnUntil(server, () => goneFrom(server) > gone);

  // Who shared a request with the one that vanished is polled again by this wait.
  while (server.turn(0) > 0);
  // The ping is on its way, or there: its poll is complete, or about to be, when it is removed.
  honest.send(ping);
  const [registered] = server.sockets();
  if (registered === undefined) throw new Error('no client is connected');
  server.disturb(registered);
  turnUntil(server, () => server.counts.pings > before.pings);
  // Unread, the answer would make a reset of the close.
  const answer = Buffer.alloc(2 * ping.byteLength);
  turnUntil(server, () => honest.recv(answer) === ping.byteLength);
  honest.close();
  turnUntil(server, () => goneFrom(server) > gone + 1);
  // What the server saw, not what was done to it.
  counts.vanished += server.counts.cutShort - before.cutShort;
  counts.served += server.counts.pings - before.pings;
  counts.removed += server.counts.readded - before.readded;
}

/** Closes the poller while polls of connected clients are pending. */
function restart(server: PingServer<SktEndpoint>, counts: ChurnCounts): void {
  const clients = [connect(server), connect(server), connect(server)];
  server.turn(0);
  clients[0]?.send(ping);
  counts.pendingAtRestart += server.poller.inspect().pending;
  server.close();
  counts.pendingLeft += server.poller.inspect().pending;
  for (const skt of clients) skt.close();
  counts.restarts += 1;
}

/**
 * Rounds of clients that vanish inside a message, registrations that are removed while their polls
 * complete, and, now and then, a poller that is closed under load and replaced.
 *
 * @param rounds 21 or more.
 * @param newServer what is churned.
 * @param handleNow the value that the next handle has.
 * @throws {RangeError} for other numbers.
 */
export function churn(
  rounds: number,
  newServer: () => PingServer<SktEndpoint> = () => new PingServer(),
  handleNow = nextHandle,
): ChurnCounts {
  requireRounds(rounds);
  const blocksBefore = nativeMemory().blocks;
  const counts: ChurnCounts = {
    rounds: 0,
    vanished: 0,
    served: 0,
    removed: 0,
    restarts: 0,
    pendingAtRestart: 0,
    blocksLeft: 0,
    pendingLeft: 0,
    firstHandle: 0,
    lastHandle: 0,
  };
  while (counts.rounds < rounds) {
    const server = newServer();
    try {
      for (let round = 0; round < roundsPerServer && counts.rounds < rounds; round += 1) {
        disturb(server, counts);
        counts.rounds += 1;
      }
      restart(server, counts);
    } finally {
      server.close();
    }
    if (counts.restarts === 2) counts.firstHandle = handleNow();
  }
  counts.lastHandle = handleNow();
  counts.blocksLeft = nativeMemory().blocks - blocksBefore;
  return counts;
}
