/**
 * For this repository's own tests and measurements. Not part of the API.
 *
 * @packageDocumentation
 */
import type { ReactorOptions, ReactorSeams } from './options.js';
import { Reactor } from './reactor.js';

export {
  type CommandLine,
  type ConnectTo,
  type ListenAt,
  parseArguments,
} from './command/arguments.js';
export { EchoServer } from './command/echo.js';
export { HttpServer } from './command/http.js';
export { Output } from './command/output.js';
export { prepareAddresses } from './command/problems.js';
export { ProxyServer } from './command/proxy.js';
export { serve } from './command/serve.js';
export { LoopPump } from './loop-pump.js';
export type { ReactorSeams } from './options.js';
export type { PortWatch, PortWatchFactory } from './port-watch.js';
export { adoptListener } from './reactor.js';
export { ReadSide } from './read-side.js';
export { Speculation } from './speculation.js';
export { ThreadShare } from './thread-share.js';
export type { RunningThread, ThreadStarter } from './thread-watch.js';
export { type Source, TurnEngine } from './turn-engine.js';
export { WaitPoolWatch } from './wait-pool-watch.js';
export { WriteQueue } from './write-queue.js';

/** Creates a reactor on another kernel, or with another watch on the port. */
export function createReactor(options: ReactorOptions & ReactorSeams = {}): Reactor {
  return new Reactor(options);
}
