import { FileObject } from './objects.js';
import type { PollEntry } from './poll-request.js';

/** The name of one end: an address as text and a port; for AF_UNIX a path without a port. */
export interface Name {
  readonly family: number;
  /** The address in ipaddr.js' form, without a zone; or the path as the program gave it. */
  readonly host: string;
  /** 0 for AF_UNIX. */
  readonly port: number;
}

/** The common part of all simulated sockets. */
export abstract class SimSocket extends FileObject {
  readonly family: number;
  abstract readonly isStream: boolean;
  /** The polls that wait for this socket. */
  readonly polls: PollEntry[] = [];
  /** Options by level * 65536 + name. */
  readonly options = new Map<number, number>();
  isNonBlocking = false;
  isClosed = false;
  /** IPV6_V6ONLY, which is on by default. */
  isV6Only = true;
  local: Name | undefined;
  remote: Name | undefined;
  /** The status that is reported with AFD_POLL_CONNECT_FAIL. */
  failure = 0;

  constructor(family: number) {
    super();
    this.family = family;
  }

  /** The current AFD_POLL_* bits. */
  abstract get bits(): number;
}
