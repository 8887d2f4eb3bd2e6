import { BlockList, isIPv6 } from 'node:net';
import { parseArgs } from 'node:util';
import {
  parseAddress,
  type TCPClientAddress,
  TCPServerAddress,
  type UDSClientAddress,
  type UDSServerAddress,
} from 'tofu-sockets';
import { CommandError, exitCodes, usageError } from './command-error.js';

/** An address on which the command listens. */
export type ListenAt = TCPServerAddress | UDSServerAddress;
/** An address to which the proxy connects; a host name is not resolved yet. */
export type ConnectTo = TCPClientAddress | UDSClientAddress;

/** What all services take. */
interface Common {
  readonly listenAt: ListenAt;
  readonly isJson: boolean;
  /** The number of connections above which further ones are closed at once. */
  readonly maxConnections: number;
}

/** The result of parsing a command line. */
export type CommandLine =
  | { readonly what: 'help' | 'version' }
  | ({ readonly what: 'echo' } & Common)
  | ({ readonly what: 'proxy'; readonly connectTo: ConnectTo } & Common)
  | ({ readonly what: 'http'; readonly directory: string } & Common);

/** Where `tofu http` listens by default. */
export const defaultHttpAddress = 'tcp|127.0.0.1|8080';
/** The default of `--max-connections`. */
export const defaultMaxConnections = 10_000;

const options = {
  json: { type: 'boolean' },
  expose: { type: 'boolean' },
  'max-connections': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** For each service: its arguments, and how many of them may be missing. */
const services = {
  echo: { names: ['ADDRESS'], optional: 0 },
  proxy: { names: ['FROM', 'TO'], optional: 0 },
  http: { names: ['DIR', 'ADDRESS'], optional: 1 },
} as const;

/**
 * Parses a command line.
 *
 * @throws {CommandError} with the exit code 2.
 */
export function parseArguments(args: readonly string[]): CommandLine {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { what: 'help' };
  if (values.version === true) return { what: 'version' };
  const [what, ...words] = positionals;
  if (what !== 'echo' && what !== 'proxy' && what !== 'http') {
    const problem =
      what === undefined ? 'The command is missing' : `There is no command ${JSON.stringify(what)}`;
    throw usageError(`${problem}: the commands are echo, proxy and http.`);
  }
  requireCount(what, words);
  const [first = '', second = defaultHttpAddress] = words;
  const common = {
    listenAt: readListenAt(what === 'http' ? second : first, values.expose === true),
    isJson: values.json === true,
    maxConnections: readCount(values['max-connections']),
  };
  if (what === 'echo') return { what, ...common };
  if (what === 'proxy') return { what, connectTo: readConnectTo(second), ...common };
  if (first === '') throw usageError('DIR must be the path of a directory, got "".');
  return { what, directory: first, ...common };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's message continues with advice about `--`, which does not apply here.
    throw usageError(`${(error as Error).message.split(/[.\n]/, 1)[0]}.`);
  }
}

function requireCount(what: keyof typeof services, words: readonly string[]): void {
  const { names, optional } = services[what];
  if (words.length <= names.length && words.length >= names.length - optional) return;
  const wanted = names.map((name, index) =>
    index >= names.length - optional ? `[${name}]` : name,
  );
  const given =
    words.length === 0 ? 'nothing' : words.map((word) => JSON.stringify(word)).join(' ');
  // Without quotes the shell takes the part after a bar as another command.
  throw usageError(
    `The usage is: tofu ${what} ${wanted.join(' ')}; got ${given}. ` +
      'An address with a | in it needs quotes.',
  );
}

function readCount(text: string | undefined): number {
  if (text === undefined) return defaultMaxConnections;
  const count = Number(text);
  if (/^\d{1,6}$/.test(text) && count >= 1) return count;
  throw usageError(
    `--max-connections must be a number from 1 to 999999, got ${JSON.stringify(text)}.`,
  );
}

/**
 * tofu's form of an address. The command also takes the forms `tcp:HOST:PORT` and `uds:PATH`,
 * because `|` has a meaning in every shell.
 */
function inTofuForm(text: string): string {
  const tcp = /^tcp:(.*):([^:]*)$/s.exec(text);
  if (tcp !== null) return `tcp|${(tcp[1] as string).replace(/^\[(.*)\]$/s, '$1')}|${tcp[2]}`;
  return text.replace(/^uds:/, 'uds|');
}

function readListenAt(text: string, isExposed: boolean): ListenAt {
  const { address, error } = parseAddress(inTofuForm(text), 'server');
  if (address === undefined) throw wrongAddress(text, 'listen on', error);
  if (!(address instanceof TCPServerAddress) || isExposed || isLoopback(address.host)) {
    return address;
  }
  throw new CommandError(
    `Other machines could connect to ${text}. Add --expose if they may; ` +
      `otherwise listen on tcp|127.0.0.1|${address.port}.`,
    exitCodes.usage,
  );
}

function readConnectTo(text: string): ConnectTo {
  const { address, error } = parseAddress(inTofuForm(text), 'client');
  if (address === undefined) throw wrongAddress(text, 'connect to', error);
  return address;
}

function wrongAddress(text: string, use: string, { message }: Error): CommandError {
  return usageError(`${JSON.stringify(text)} is not an address to ${use}. ${message}`);
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** True if only programs on this machine can connect to this IP address. */
function isLoopback(host: string): boolean {
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
