import { channel } from 'node:diagnostics_channel';
import { afdPollNames, type HANDLE, type NTSTATUS, ntStatusName } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { PollBlocks } from './poll-blocks.js';
import type { PollRequest } from './poll-request.js';
import type { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** A socket of a message: its registration, and AFD's events by name, without `AFD_POLL_`. */
export interface PolledSocket {
  /** What `add` returned. */
  readonly id: number;
  readonly skt: Skt;
  readonly events: readonly string[];
}

/** A request was submitted, or refused, or is complete. */
export interface RequestMessage {
  /** The poller, by the handle of its port. */
  readonly port: HANDLE;
  /** The request, by what its packet carries; used again once it is complete. */
  readonly apcContext: number;
  /** NT's name of the status: of the call, or of the complete request. */
  readonly status: string;
  /** `submit`: its sockets, and what is asked of each. `complete`: those that have something to report. */
  readonly sockets: readonly PolledSocket[];
}

/** NT was asked to cancel a request: because one of its sockets changed, to coalesce, or to close. */
export interface CancelMessage {
  readonly port: HANDLE;
  readonly apcContext: number;
  /** NT's answer, by name; STATUS_NOT_FOUND when the request was complete already. */
  readonly status: string;
}

/** A wait returned a wake. */
export interface WakeMessage {
  readonly port: HANDLE;
  /** Of all wakes since the last one. */
  readonly bits: number;
}

/** A poller is closed. */
export interface CloseMessage {
  readonly port: HANDLE;
  /** How many sockets were registered. */
  readonly registrations: number;
  /** How many requests the kernel did not let go of: their memory stays allocated. */
  readonly held: number;
}

/** The messages of each channel. */
export interface DiagnosticsMessages {
  readonly submit: RequestMessage;
  readonly complete: RequestMessage;
  readonly cancel: CancelMessage;
  readonly wake: WakeMessage;
  readonly close: CloseMessage;
}

/** A channel of node:diagnostics_channel whose messages have a type. */
export interface DiagnosticsChannel<Message> {
  readonly name: string;
  readonly hasSubscribers: boolean;
  subscribe(listener: (message: Message, name: string) => void): void;
  unsubscribe(listener: (message: Message, name: string) => void): void;
  publish(message: Message): void;
}

/** The channels, by what their messages are about. */
export type DiagnosticsChannels = {
  readonly [K in keyof DiagnosticsMessages]: DiagnosticsChannel<DiagnosticsMessages[K]>;
};

/**
 * Channels of node:diagnostics_channel: what each poller of this thread asks of the kernel and what
 * becomes of it, in order, published at the end of the call that did it. So a subscriber may call
 * pollers and sockets. One that throws ends the process, as Node has it. Without a subscriber it costs
 * a look at `hasSubscribers` per request, and nothing is allocated.
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

  /** Publishes what was kept, and what is kept meanwhile. */
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
    // Of a failed one nothing: its block still is the input.
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
