import { FileObject } from './objects.js';
import type { PollEntry } from './poll-request.js';

/** One end: an address as text, and a port; of AF_UNIX a path, and no port. */
export interface Name {
  readonly family: number;
  /** As ipaddr.js spells it, without a zone; or the path as it was given. */
  readonly host: string;
  /** 0 for AF_UNIX. */
  readonly port: number;
}

/** What every simulated socket has. */
export abstract class SimSocket extends FileObject {
  readonly family: number;
  abstract readonly isStream: boolean;
  /** The polls that wait for this socket. */
  readonly polls: PollEntry[] = [];
  /** By level * 65536 + name. */
  readonly options = new Map<number, number>();
  isNonBlocking = false;
  isClosed = false;
  /** IPV6_V6ONLY, which is on by default. */
  isV6Only = true;
  local: Name | undefined;
  remote: Name | undefined;
  /** With AFD_POLL_CONNECT_FAIL: why. */
  failure = 0;

  constructor(family: number) {
    super();
    this.family = family;
  }

  /** The AFD_POLL_* bits that are true now. */
  abstract get bits(): number;
}
