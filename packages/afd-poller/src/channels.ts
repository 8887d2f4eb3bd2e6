import { channel } from 'node:diagnostics_channel';
import { afdPollNames, type HANDLE, type NTSTATUS, ntStatusName } from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import type { Registration } from './registration.js';
import type { WayName } from './way.js';

/** A socket in a message: its registration, and AFD's events by name, without `AFD_POLL_`. */
export interface PolledSocket {
  /** What `add` returned. */
  readonly id: number;
  readonly skt: Skt;
  readonly events: readonly string[];
}

/** A request was made, or refused, or is over. */
export interface RequestMessage {
  /** The poller, by the handle of its port. */
  readonly port: HANDLE;
  readonly way: WayName;
  /** The request, by what its packet carries; used again once it is over. */
  readonly apcContext: number;
  /** NT's name of the status: of the call, or of the request that is over. */
  readonly status: string;
  /** `submit`: whom it is about, and what is asked. `complete`: who has something to tell. */
  readonly sockets: readonly PolledSocket[];
}

/** NT was asked to end a request: for the sake of one socket, which others may share. */
export interface CancelMessage {
  readonly port: HANDLE;
  readonly way: WayName;
  readonly apcContext: number;
  /** NT's answer, by name; STATUS_NOT_FOUND when the request was over already. */
  readonly status: string;
}

/** A wake was told by a wait. */
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

/**
 * Channels of node:diagnostics_channel: what each poller of this thread asks of the kernel and what
 * becomes of it, in order, told at the end of the call that did it. So a subscriber may call pollers and
 * sockets. One that throws ends the process, as Node has it. With no subscriber it costs a look at
 * `hasSubscribers` per request, and nothing is allocated.
 */
export const channels = {
  /** {@link RequestMessage} */
  submit: channel('afd-poller:submit'),
  /** {@link RequestMessage} */
  complete: channel('afd-poller:complete'),
  /** {@link CancelMessage} */
  cancel: channel('afd-poller:cancel'),
  /** {@link WakeMessage} */
  wake: channel('afd-poller:wake'),
  /** {@link CloseMessage} */
  close: channel('afd-poller:close'),
} as const;

let untold: [name: keyof typeof channels, message: object][] = [];
let isTelling = false;

/** Keeps a message for {@link tellSubscribers}. To be called only where the channel has subscribers. */
function tellLater(name: keyof typeof channels, message: object): void {
  untold.push([name, message]);
}

/** Hands out what was kept. To be called when the books of the poller are in order. */
export function tellSubscribers(): void {
  if (untold.length === 0 || isTelling) return;
  isTelling = true;
  try {
    while (untold.length > 0) {
      const messages = untold;
      untold = [];
      for (const [name, message] of messages) channels[name].publish(message);
    }
  } finally {
    isTelling = false;
  }
}

/** Keeps what is to be told of a cancel. To be called only where the channel has subscribers. */
export function tellCancel(port: HANDLE, way: WayName, apcContext: number, status: NTSTATUS): void {
  const message: CancelMessage = { port, way, apcContext, status: ntStatusName(status) };
  tellLater('cancel', message);
}

/** Keeps what is to be told of a wake. */
export function tellWake(port: HANDLE, bits: number): void {
  if (!channels.wake.hasSubscribers) return;
  const message: WakeMessage = { port, bits };
  tellLater('wake', message);
}

/** Keeps what is to be told of a close. */
export function tellClose(port: HANDLE, registrations: number, held: number): void {
  if (!channels.close.hasSubscribers) return;
  const message: CloseMessage = { port, registrations, held };
  tellLater('close', message);
}

/** Of a request: everything of a message but whom it is about. */
export interface RequestFacts {
  readonly port: HANDLE;
  readonly way: WayName;
  readonly apcContext: number;
  readonly status: NTSTATUS;
}

/**
 * Keeps what is to be told of a request. To be called only where the channel has subscribers.
 *
 * @param members whom the request is about.
 * @param eventsOf AFD's events of one of them; 0 leaves it out.
 */
export function tellRequest(
  name: 'submit' | 'complete',
  { port, way, apcContext, status }: RequestFacts,
  members: { readonly length: number; at(index: number): Registration | undefined },
  eventsOf: (registration: Registration) => number,
): void {
  const sockets: PolledSocket[] = [];
  for (let index = 0; index < members.length; index += 1) {
    const member = members.at(index) as Registration;
    const { id, skt } = member;
    const events = afdPollNames(eventsOf(member));
    if (events.length > 0) sockets.push({ id, skt, events });
  }
  const message: RequestMessage = { port, way, apcContext, status: ntStatusName(status), sockets };
  tellLater(name, message);
}
