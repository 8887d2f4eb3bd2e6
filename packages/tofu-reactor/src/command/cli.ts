import { createRequire } from 'node:module';
import { HostError, ntKernel } from 'ntdllx';
import { Reactor } from '../reactor.js';
import { type CommandLine, type ListenAt, parseArguments } from './arguments.js';
import { CommandError, exitCodes } from './command-error.js';
import { EchoServer } from './echo.js';
import { help } from './help.js';
import { HttpServer } from './http.js';
import { Output } from './output.js';
import { prepareAddresses } from './problems.js';
import { ProxyServer } from './proxy.js';
import { onFirstSignal, serve } from './serve.js';
import type { Service } from './service.js';

type ServiceCommand = Extract<CommandLine, { readonly listenAt: ListenAt }>;

/**
 * Runs the command line.
 *
 * @returns the exit code with which this process is to end. It resolves when nothing of the command
 *   is left running.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseArguments(args);
    if ('listenAt' in command) return await run(command, args);
    return await printed(command.what === 'help' ? help : `tofu-reactor ${packageVersion()}\n`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.on('error', () => {});
    process.stderr.write(`tofu: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    return error.exitCode;
  }
}

async function run(command: ServiceCommand, args: readonly string[]): Promise<number> {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const reactor = createReactor(args);
  const output = new Output(process, command.isJson, end);
  const restoreSignals = onFirstSignal(end);
  try {
    const service = await start(command, reactor, output);
    await serve(service, output, ended);
  } finally {
    restoreSignals();
    await reactor.close();
    await output.close();
  }
  return output.exitCode;
}

async function start(command: ServiceCommand, reactor: Reactor, output: Output): Promise<Service> {
  const connectTo = command.what === 'proxy' ? command.connectTo : undefined;
  const removed = prepareAddresses(ntKernel, command.listenAt, connectTo);
  if (removed !== undefined) {
    const line = `Removed ${removed}, the file of a server that has ended without removing it.`;
    output.print(line, { event: 'removed', path: removed });
  }
  switch (command.what) {
    case 'echo':
      return EchoServer.start(reactor, command, output);
    case 'proxy':
      return ProxyServer.start(reactor, command, output);
    case 'http':
      return HttpServer.start(reactor, command, output);
  }
}

/** @throws {CommandError} if this host cannot run it. */
function createReactor(args: readonly string[]): Reactor {
  try {
    // Each connection buffers at most one piece for each direction, so their number is the limit.
    return new Reactor({ name: 'tofu', maxBufferedBytesInAll: Number.MAX_SAFE_INTEGER });
  } catch (error) {
    if (!(error instanceof HostError) || process.platform === 'win32') {
      throw new CommandError((error as Error).message, exitCodes.failed, { cause: error });
    }
    const words = args.map(quoted).join(' ');
    throw new CommandError(
      `This host is not Windows. Run the command under Wine: npx winnode tofu ${words}`,
      exitCodes.host,
      { cause: error },
    );
  }
}

/** A word as a POSIX shell needs it. */
const quoted = (word: string) =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

function packageVersion(): string {
  const manifest = createRequire(import.meta.url)('tofu-reactor/package.json');
  return (manifest as { version: string }).version;
}

/** Prints a text; the reader may have closed the pipe. */
async function printed(text: string): Promise<number> {
  const end = () => {};
  const output = new Output(process, false, () => end());
  process.stdout.write(text);
  await output.close();
  return output.exitCode;
}
