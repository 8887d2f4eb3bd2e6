import { nativeMemory } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { Deadline } from 'poc-kit';
import { type ClientSkt, clientAddressOf, type SktEndpoint } from 'tofu-sockets';
import { ping } from './ping.js';
import { PingServer } from './ping-server.js';

/** The result of a churn. */
export interface ChurnCounts {
  rounds: number;
  /** Clients that vanished inside a message, counted by the servers. */
  vanished: number;
  served: number;
  /** Registrations that a server removed while a poll was pending, and added again. */
  removed: number;
  /** Pollers that were closed while polls were pending, and how many polls were pending. */
  restarts: number;
  pendingAtRestart: number;
  /** Blocks of native memory and polls that were left at the end. */
  blocksLeft: number;
  pendingLeft: number;
  /** The value of a new handle after the second server, and after the last one. */
  firstHandle: number;
  lastHandle: number;
}

const roundLimitMs = 10_000;
/** After this many rounds the poller is closed under load, and another one is created. */
const roundsPerServer = 10;
/**
 * The value of a new handle is compared after the second server and after the last, which must be
 * a later one.
 */
const leastRounds = 2 * roundsPerServer + 1;

/**
 * @throws {RangeError} for a number of rounds that is too small to show a leak, and for an invalid
 *   number.
 */
export function requireRounds(rounds: number): number {
  if (Number.isSafeInteger(rounds) && rounds >= leastRounds) return rounds;
  throw new RangeError(
    `The number of churn rounds must be a whole number of ${leastRounds} or more, got ${rounds}.`,
  );
}

/** This many handles fill the gaps that closed handles have left below a leaked one. */
const probedHandles = 64;

/**
 * Opens 64 handles, closes them, and returns the highest value. It rises by 4 for each leaked
 * handle. A single handle would fill a gap below the leaked one, and its value would show nothing.
 */
export function nextHandle(): number {
  const events = Array.from({ length: probedHandles }, () => CreateEventA(0, 1, 0, 0));
  for (const event of events) CloseHandle(event);
  return Math.max(...events);
}

/** Creates a client and waits until the server has accepted it. */
export function connect(server: PingServer<SktEndpoint>): ClientSkt {
  const skt = server.creator.fromAddress(clientAddressOf(server.endpoint));
  const wanted = server.counts.accepted + 1;
  skt.connect();
  turnUntil(server, () => server.counts.accepted === wanted);
  return skt;
}

/**
 * Performs turns of a server until a condition holds.
 *
 * @throws {Error} when the time is over before.
 */
export function turnUntil(server: PingServer<SktEndpoint>, isTrue: () => boolean): void {
  for (const deadline = new Deadline(roundLimitMs); !isTrue(); ) {
    if (deadline.isOver) {
      const counts = JSON.stringify(server.counts);
      throw new Error(`Timed out after ${roundLimitMs} ms; the server has counted ${counts}.`);
    }
    server.turn(100);
  }
}

const goneFrom = ({ counts }: PingServer<SktEndpoint>) => counts.ended + counts.broken;

/** One round: a client that vanishes inside a message, and one whose registration is removed. */
function disturb(server: PingServer<SktEndpoint>, counts: ChurnCounts): void {
  const before = { ...server.counts };
  const gone = goneFrom(server);
  const [honest, vanishing] = [connect(server), connect(server)];
  vanishing.send(ping.subarray(0, 2));
  while (server.turn(1) > 0);
  vanishing.abortOnClose();
  vanishing.close();
  // The client resets the connection. AF_UNIX has no reset, so there the server sees a graceful
  // end.
  turnUntil(server, () => goneFrom(server) > gone);

  // These waits poll the sockets again that shared a request with the vanished client's socket.
  while (server.turn(0) > 0);
  // The ping has arrived or is on its way, so the poll is complete or about to complete when the
  // registration is removed.
  honest.send(ping);
  const [registered] = server.sockets();
  if (registered === undefined) throw new Error('The server has no connected client.');
  server.disturb(registered);
  turnUntil(server, () => server.counts.pings > before.pings);
  // The answer is read first, because closing a socket with unread data sends a reset.
  const answer = Buffer.alloc(2 * ping.byteLength);
  turnUntil(server, () => honest.recv(answer) === ping.byteLength);
  honest.close();
  turnUntil(server, () => goneFrom(server) > gone + 1);
  // Counted by the server, not by the number of clients that vanished.
  counts.vanished += server.counts.truncated - before.truncated;
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
 * Runs rounds of churn. In each round a client vanishes inside a message, and a registration is
 * removed while its poll completes. Every ten rounds the poller is closed under load and replaced.
 *
 * @param rounds 21 or more.
 * @param newServer creates the server.
 * @param handleNow returns the value of a new handle.
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
