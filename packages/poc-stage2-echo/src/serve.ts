import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NtdllxError } from 'ntdllx';
import { UsageError } from 'poc-kit';
import { formatAddress, parseAddress, TCPServerAddress } from 'tofu-sockets';
import { type EchoCounts, EchoServer } from './echo-server.js';
import { LiveLine } from './live-line.js';

/** The default address. */
export const defaultAddress = 'tcp|127.0.0.1|7099';

/** The longest wait. The handler of Ctrl-C can run only between two waits. */
const longestWaitMs = 50;

const number = new Intl.NumberFormat('en');

/** Reads `--serve` and `--address`. @throws {UsageError} with the correct usage. */
export function parseServeAddress(args: readonly string[]): TCPServerAddress {
  const options = {
    serve: { type: 'boolean' },
    address: { type: 'string', default: defaultAddress },
  } as const;
  let text: string;
  try {
    text = parseArgs({ args: [...args], options }).values.address;
  } catch (error) {
    throw UsageError.from(error, `Known: --serve, --address '${defaultAddress}'.`);
  }
  const { address, error } = parseAddress(text, 'server');
  if (error !== undefined) throw new UsageError(`--address: ${error.message}`);
  if (address instanceof TCPServerAddress) return address;
  throw new UsageError(
    `--address: ${text} is not an address of TCP, and this server supports only TCP. Example: ` +
      `'${defaultAddress}'.`,
  );
}

/** The state of the server, in one line. */
export function describe(open: number, { accepted, received, sent }: EchoCounts): string {
  const [now, ever, bytesIn, bytesOut] = [open, accepted, received, sent].map(number.format);
  return `${now} open, ${ever} so far; ${bytesIn} bytes in, ${bytesOut} out`;
}

/** The summary that is printed after the server is closed. */
export function summarize(counts: EchoCounts): string {
  const { accepted, ended, broken, dropped, received, sent } = counts;
  const ways = `${ended} ended by clients, ${broken} failed, ${dropped} still open`;
  const bytes = `${number.format(received)} bytes in, ${number.format(sent)} out`;
  return `Connections: ${number.format(accepted)}; ${ways}\n${bytes}`;
}

function listen(address: TCPServerAddress): EchoServer {
  try {
    return new EchoServer(address);
  } catch (error) {
    if (!(error instanceof NtdllxError)) throw error;
    throw new UsageError(`Cannot listen on ${formatAddress(address)}: ${error.message}`);
  }
}

/**
 * Runs the echo server until Ctrl-C, then closes it gracefully. It uses one thread: between two
 * waits Node's event loop runs, and with it the handler of Ctrl-C.
 *
 * @throws {UsageError} when the server cannot listen on the address.
 */
export async function serve(address: TCPServerAddress): Promise<EchoCounts> {
  const server = listen(address);
  const line = new LiveLine(process.stdout);
  let isRunning = true;
  const stop = () => {
    isRunning = false;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const { host, port } = server.endpoint;
    line.print(`Echo server on ${host} port ${port}. Try: nc ${host} ${port}. Ctrl-C ends it.`);
    while (isRunning) {
      server.turn(longestWaitMs);
      line.show(() => describe(server.open, server.counts));
      await setImmediate();
    }
  } finally {
    for (const signal of signals) process.off(signal, stop);
    line.clear();
    server.close();
  }
  line.print(summarize(server.counts));
  return server.counts;
}
