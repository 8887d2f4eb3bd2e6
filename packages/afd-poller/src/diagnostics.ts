import { channel } from 'node:diagnostics_channel';
import { afdPollNames, type HANDLE, type NTSTATUS, ntStatusName } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { PollBlocks } from './poll-blocks.js';
import type { PollRequest } from './poll-request.js';
import type { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** A socket in a message, with AFD's events by name, without `AFD_POLL_`. */
export interface PolledSocket {
  /** What `add` returned. */
  readonly id: number;
  /** The socket. */
  readonly skt: Skt;
  /** Names of AFD's events without `AFD_POLL_`: `RECEIVE`, `ACCEPT`, … */
  readonly events: readonly string[];
}

/** A request was submitted, was refused, or is complete. */
export interface RequestMessage {
  /** Identifies the poller: the handle of its port. */
  readonly port: HANDLE;
  /** Identifies the request: the ApcContext of its packet. Later requests use the value again. */
  readonly apcContext: number;
  /**
   * NT's name of a status. `submit`: what the call returned. `complete`: the request's final
   * status.
   */
  readonly status: string;
  /**
   * `submit`: all sockets of the request, with the requested events. `complete`: the sockets with
   * a report, with the reported events.
   */
  readonly sockets: readonly PolledSocket[];
}

/**
 * The poller asked NT to cancel a request, because one of its sockets changed, to coalesce
 * requests, or to close.
 */
export interface CancelMessage {
  /** Identifies the poller: the handle of its port. */
  readonly port: HANDLE;
  /** Identifies the request, as in {@link RequestMessage}. */
  readonly apcContext: number;
  /**
   * The status that NT returned, by name; STATUS_NOT_FOUND if the request was complete already.
   */
  readonly status: string;
}

/** A wait delivered a wake event. */
export interface WakeMessage {
  /** Identifies the poller: the handle of its port. */
  readonly port: HANDLE;
  /** The bits of all wakes since the last wake event. */
  readonly bits: number;
}

/** A poller is closed. */
export interface CloseMessage {
  /** Identifies the poller: the handle of its port, which is closed now. */
  readonly port: HANDLE;
  /** How many sockets were registered when it was closed. */
  readonly registrations: number;
  /** How many requests did not complete in time. Their memory stays allocated. */
  readonly held: number;
}

/** The messages of each channel. */
export interface DiagnosticsMessages {
  /** NT accepted or refused a request. */
  readonly submit: RequestMessage;
  /** A request is complete. */
  readonly complete: RequestMessage;
  /** The poller asked NT to cancel a request. */
  readonly cancel: CancelMessage;
  /** A wait delivered a wake event. */
  readonly wake: WakeMessage;
  /** A poller is closed. */
  readonly close: CloseMessage;
}

/** A channel of node:diagnostics_channel whose messages have a type. */
export interface DiagnosticsChannel<Message> {
  /** The channel's name in Node, such as `afd-poller:submit`. */
  readonly name: string;
  /** False while no one subscribes. Messages are then not made. */
  readonly hasSubscribers: boolean;
  /** Calls `listener` with each message from now on. */
  subscribe(listener: (message: Message, name: string) => void): void;
  /** Ends a subscription. */
  unsubscribe(listener: (message: Message, name: string) => void): void;
  /** Sends a message to the subscribers. Pollers and reactors call it. */
  publish(message: Message): void;
}

/** The channels by the kind of their messages. */
export type DiagnosticsChannels = {
  readonly [K in keyof DiagnosticsMessages]: DiagnosticsChannel<DiagnosticsMessages[K]>;
};

/**
 * Channels of node:diagnostics_channel. They report what each poller of this thread requests from
 * the kernel, and the results, in order. A poller publishes its messages at the end of the call
 * that caused them, so a subscriber may call pollers and sockets. A subscriber that throws ends
 * the process, as always with Node's channels. Without a subscriber each request costs one test of
 * `hasSubscribers` and no allocation.
 */
export const diagnosticsChannels: DiagnosticsChannels = {
  submit: typed('submit'),
  complete: typed('complete'),
  cancel: typed('cancel'),
  wake: typed('wake'),
  close: typed('close'),
};

function typed<K extends keyof DiagnosticsMessages>(name: K) {
  return channel(`afd-poller:${name}`) as unknown as DiagnosticsChannel<DiagnosticsMessages[K]>;
}

/** The messages of one poller, kept until the poller's state is consistent. */
export class DiagnosticsLog {
  readonly #port: HANDLE;
  #messages: (() => void)[] = [];
  #isPublishing = false;

  constructor(port: HANDLE) {
    this.#port = port;
  }

  /** Publishes the kept messages, and those that are added while it does so. */
  publish(): void {
    if (this.#messages.length === 0 || this.#isPublishing) return;
    this.#isPublishing = true;
    try {
      while (this.#messages.length > 0) {
        const messages = this.#messages;
        this.#messages = [];
        for (const publish of messages) publish();
      }
    } finally {
      this.#isPublishing = false;
    }
  }

  submit(apcContext: number, status: NTSTATUS, members: Queue<Registration>): void {
    if (!diagnosticsChannels.submit.hasSubscribers) return;
    const sockets: PolledSocket[] = [];
    for (let index = 0; index < members.length; index += 1) {
      const { id, skt, submittedMask } = members.at(index);
      sockets.push({ id, skt, events: afdPollNames(submittedMask) });
    }
    this.#keep('submit', { port: this.#port, apcContext, status: ntStatusName(status), sockets });
  }

  complete({ status, members }: PollRequest, blocks: PollBlocks, block: number): void {
    if (!diagnosticsChannels.complete.hasSubscribers) return;
    const sockets: PolledSocket[] = [];
    // A failed request reports nothing: its block still holds the input.
    const reported = blocks.reported(block);
    for (let at = 0; at < reported; at += 1) {
      const handle = blocks.handle(block, at);
      for (let index = 0; index < members.length; index += 1) {
        const { id, skt, base } = members.at(index);
        if (base !== handle) continue;
        sockets.push({ id, skt, events: afdPollNames(blocks.events(block, at)) });
      }
    }
    const apcContext = blocks.context(block);
    this.#keep('complete', { port: this.#port, apcContext, status: ntStatusName(status), sockets });
  }

  cancel(apcContext: number, status: NTSTATUS): void {
    if (!diagnosticsChannels.cancel.hasSubscribers) return;
    this.#keep('cancel', { port: this.#port, apcContext, status: ntStatusName(status) });
  }

  wake(bits: number): void {
    if (diagnosticsChannels.wake.hasSubscribers) this.#keep('wake', { port: this.#port, bits });
  }

  close(registrations: number, held: number): void {
    if (!diagnosticsChannels.close.hasSubscribers) return;
    this.#keep('close', { port: this.#port, registrations, held });
  }

  #keep<K extends keyof DiagnosticsMessages>(name: K, message: DiagnosticsMessages[K]): void {
    const to: DiagnosticsChannel<DiagnosticsMessages[K]> = diagnosticsChannels[name];
    this.#messages.push(() => to.publish(message));
  }
}
