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
  /** The mode that was chosen. */
  readonly mode: ReactorMode;
  /** The handle of its port. Traces and the channels of afd-poller identify the reactor by it. */
  readonly port: number;
}

/** A server has started or stopped listening. */
export interface ServerMessage {
  /** The reactor's name, from its options. */
  readonly reactor: string;
  /** The server. */
  readonly server: Server;
  /** Where it listens, or did. */
  readonly endpoint: SktEndpoint;
}

/** A connection was accepted or established. */
export interface ConnectionMessage {
  /** The reactor's name, from its options. */
  readonly reactor: string;
  /** The connection. */
  readonly connection: Connection;
}

/** A connection was closed. */
export interface ConnectionCloseMessage extends ConnectionMessage {
  /** The error that ended it; undefined after a graceful end. */
  readonly error: Error | undefined;
}

/** The messages of each channel. */
export interface DiagnosticsMessages {
  /** A reactor was created. */
  readonly open: ReactorMessage;
  /** A reactor is being closed. */
  readonly close: ReactorMessage;
  /** A server listens. */
  readonly listen: ServerMessage;
  /** A server has stopped listening. */
  readonly unlisten: ServerMessage;
  /** A server has accepted a connection. */
  readonly accept: ConnectionMessage;
  /** A connection of this side is established. */
  readonly connect: ConnectionMessage;
  /** A connection was closed. */
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
