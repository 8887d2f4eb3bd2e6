import { channel } from 'node:diagnostics_channel';
import type { DiagnosticsChannel } from 'afd-poller';
import type { SktEndpoint } from 'tofu-sockets';
import type { Connection } from './connection.js';
import type { ReactorMode } from './options.js';
import type { Server } from './server.js';

/** A reactor was created, or is being closed. */
export interface ReactorMessage {
  /** The reactor's name, from its options. */
  readonly reactor: string;
  readonly mode: ReactorMode;
  /** The handle of its port. Traces and the channels of afd-poller identify the reactor by it. */
  readonly port: number;
}

/** A server has started or stopped listening. */
export interface ServerMessage {
  readonly reactor: string;
  readonly server: Server;
  readonly endpoint: SktEndpoint;
}

/** A connection was accepted or established. */
export interface ConnectionMessage {
  readonly reactor: string;
  readonly connection: Connection;
}

/** A connection was closed. */
export interface ConnectionCloseMessage extends ConnectionMessage {
  /** The error that ended it; undefined after a graceful end. */
  readonly error: Error | undefined;
}

/** The messages of each channel. */
export interface DiagnosticsMessages {
  readonly open: ReactorMessage;
  readonly close: ReactorMessage;
  readonly listen: ServerMessage;
  readonly unlisten: ServerMessage;
  readonly accept: ConnectionMessage;
  readonly connect: ConnectionMessage;
  readonly end: ConnectionCloseMessage;
}

/** The channels by the kind of their messages. */
export type DiagnosticsChannels = {
  readonly [K in keyof DiagnosticsMessages]: DiagnosticsChannel<DiagnosticsMessages[K]>;
};

/**
 * Channels of node:diagnostics_channel for the reactors of this thread. A reactor calls a
 * subscriber synchronously. A subscriber that throws ends the process, as always with Node's
 * channels. Without a subscriber a channel costs one test of `hasSubscribers`.
 */
export const diagnosticsChannels: DiagnosticsChannels = {
  open: typed('open'),
  close: typed('close'),
  listen: typed('listen'),
  unlisten: typed('unlisten'),
  accept: typed('accept'),
  connect: typed('connect'),
  end: typed('end'),
};

function typed<K extends keyof DiagnosticsMessages>(name: K) {
  return channel(`tofu-reactor:${name}`) as unknown as DiagnosticsChannel<DiagnosticsMessages[K]>;
}
