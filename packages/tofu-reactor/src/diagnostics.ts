import { channel } from 'node:diagnostics_channel';
import type { DiagnosticsChannel } from 'afd-poller';
import type { SktEndpoint } from 'tofu-sockets';
import type { Connection } from './connection.js';
import type { ReactorMode } from './options.js';
import type { Server } from './server.js';

/** A reactor was made. */
export interface ReactorMessage {
  /** The reactor's name, of its options. */
  readonly reactor: string;
  readonly mode: ReactorMode;
  /** The handle of its port, by which traces and the channels of afd-poller name it. */
  readonly port: number;
}

/** A server listens, or does not any more. */
export interface ServerMessage {
  readonly reactor: string;
  readonly server: Server;
  readonly endpoint: SktEndpoint;
}

/** A connection was accepted or connected. */
export interface ConnectionMessage {
  readonly reactor: string;
  readonly connection: Connection;
}

/** A connection is over. */
export interface ConnectionCloseMessage extends ConnectionMessage {
  /** What ended it; undefined for an end in order. */
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

/** The channels, by what their messages are about. */
export type DiagnosticsChannels = {
  readonly [K in keyof DiagnosticsMessages]: DiagnosticsChannel<DiagnosticsMessages[K]>;
};

/**
 * Channels of node:diagnostics_channel: what the reactors of this thread do. A subscriber is called on
 * the stack of what happened; one that throws ends the process, as Node has it. Without a subscriber a
 * channel costs a look at `hasSubscribers`.
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
