import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import { AF_UNIX } from 'ntdllx/ws2_32';
import type { Core } from './core.js';
import { type Receiver, type Segment, Wire } from './network.js';
import { SimSocket } from './objects.js';

/** The state of a TCP socket. A reset is recorded separately and does not change it. */
export type TcpState = 'fresh' | 'listening' | 'connecting' | 'failed' | 'connected';

/** One end of a connection over TCP or AF_UNIX, or a listener. */
export class TcpSocket extends SimSocket implements Receiver {
  readonly isStream = true;
  readonly #core: Core;
  state: TcpState = 'fresh';
  /** The wire for data of this end; undefined until there is a peer. */
  out: Wire | undefined;
  peer: TcpSocket | undefined;
  /** Connections of a listener that are not accepted yet. */
  backlog: TcpSocket[] = [];
  backlogLimit = 0;
  /** Data that was received and not read. */
  readonly received: Uint8Array[] = [];
  receivedBytes = 0;
  urgent: number | undefined;
  /** The number of bytes received since the urgent byte. */
  bytesAfterUrgent = 0;
  isOobInline = false;
  hasFin = false;
  isReset = false;
  /**
   * The error of a failed connect, for SO_ERROR. SO_ERROR does not report a reset (measured on
   * Wine 8).
   */
  error = 0;
  isSendShut = false;
  isReceiveShut = false;
  /** True while it waits in a backlog, without a handle. */
  isEmbryo = false;
  /**
   * linger of 0 s: close aborts the connection, but not over AF_UNIX (Linux' rule, assumed for
   * Windows).
   */
  isAbortive = false;
  sendCapacity: number;
  receiveCapacity: number;
  /** The number of bytes that send accepted and that have not arrived. */
  unsentBytes = 0;

  constructor(core: Core, family: number) {
    super(family);
    this.#core = core;
    this.sendCapacity = core.bufferBytes;
    this.receiveCapacity = core.bufferBytes;
  }

  get bits(): number {
    if (this.state === 'connected') return this.#connectedBits();
    if (this.state === 'listening') return this.backlog.length > 0 ? AFD_POLL_ACCEPT : 0;
    return this.state === 'failed' ? AFD_POLL_CONNECT_FAIL : 0;
  }

  #connectedBits(): number {
    let bits = AFD_POLL_CONNECT;
    // Data that can still be read after a reset is not reported (measured on Wine 8).
    if (this.isReset) return bits | AFD_POLL_SEND | AFD_POLL_ABORT;
    if (this.receivedBytes > 0) bits |= AFD_POLL_RECEIVE;
    if (this.urgent !== undefined) bits |= AFD_POLL_RECEIVE_EXPEDITED;
    if (this.canSend) bits |= AFD_POLL_SEND;
    const { disconnectAfterData } = this.#core.profile;
    if (this.hasFin && !(disconnectAfterData && this.receivedBytes > 0)) {
      bits |= AFD_POLL_DISCONNECT;
    }
    return bits;
  }

  /** Whether SEND is reported. A send may succeed although SEND is not reported. */
  get canSend(): boolean {
    const { unsentBytes, sendCapacity } = this;
    if (this.#core.profile.sendNeedsThird) return unsentBytes * 3 <= sendCapacity * 2;
    return unsentBytes < sendCapacity;
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  /** True while getpeername succeeds. */
  get hasPeerName(): boolean {
    if (!this.isConnected) return false;
    const isOver = this.isReset || (this.hasFin && this.isSendShut);
    return !(isOver && this.#core.profile.forgetsPeer);
  }

  /** Connects two ends. */
  join(peer: TcpSocket): void {
    this.peer = peer;
    peer.peer = this;
    this.out = new Wire(peer);
    peer.out = new Wire(this);
  }

  /** A segment arrives. */
  receive(segment: Segment): boolean {
    if (segment.kind === 'run') {
      segment.run();
      return true;
    }
    if (segment.kind === 'rst') this.#reset();
    else if (this.isReset) this.#lose(segment);
    else if (segment.kind === 'fin') this.hasFin = true;
    else if (this.isClosed) this.#refuse(segment);
    else if (segment.kind === 'urgent') this.#takeUrgent(segment.byte);
    else return this.#takeData(segment);
    this.#core.changed(this);
    return true;
  }

  /** Reads received bytes, possibly fewer than requested. */
  read(into: Uint8Array, isPeek: boolean): number {
    let count = 0;
    for (let index = 0; index < this.received.length && count < into.byteLength; index += 1) {
      const chunk = this.received[index] as Uint8Array;
      const part = chunk.subarray(0, into.byteLength - count);
      into.set(part, count);
      count += part.byteLength;
    }
    if (!isPeek) {
      this.#drop(count);
      // Bytes sent after the urgent byte have been read, so it is no longer available.
      if (this.receivedBytes < this.bytesAfterUrgent) this.urgent = undefined;
    }
    return count;
  }

  /** Resets the peer; data in transit to it is lost. */
  sendReset(): void {
    if (this.out === undefined) return;
    this.#emptyWire(this.out);
    this.unsentBytes = 0;
    this.#core.network.push(this.out, { kind: 'rst' });
  }

  /** Closes the socket: no further reads and sends follow. */
  close(): void {
    this.isClosed = true;
    for (const waiting of this.backlog.splice(0)) waiting.close();
    if (this.isReset || this.out === undefined) return;
    const isUnread = this.receivedBytes > 0 || this.urgent !== undefined;
    const isCut =
      (this.isAbortive && this.family !== AF_UNIX) ||
      isUnread ||
      this.isEmbryo ||
      this.state !== 'connected';
    if (isCut) this.sendReset();
    else if (!this.isSendShut) this.#core.network.push(this.out, { kind: 'fin' });
  }

  #reset(): void {
    this.isReset = true;
    if (this.out !== undefined) this.#emptyWire(this.out);
    this.unsentBytes = 0;
    if (this.#core.profile.resetDropsData && this.family !== AF_UNIX) {
      this.received.length = 0;
      this.receivedBytes = 0;
      this.urgent = undefined;
    }
  }

  #emptyWire(wire: Wire): void {
    // Segments without bytes, such as the answer to a connect, still arrive.
    const kept = wire.queue.filter(({ kind }) => kind === 'run' || kind === 'rst');
    wire.queue.length = 0;
    wire.queue.push(...kept);
  }

  #lose(segment: Segment): void {
    this.#arrived(segment.kind === 'data' ? segment.bytes.byteLength : 1);
  }

  /** Data for a closed socket is answered with a reset. */
  #refuse(segment: Segment): void {
    this.#lose(segment);
    this.isReset = true;
    this.sendReset();
  }

  #takeUrgent(byte: number): void {
    this.#arrived(1);
    if (this.isOobInline) {
      this.received.push(Uint8Array.of(byte));
      this.receivedBytes += 1;
    } else {
      this.urgent = byte;
      this.bytesAfterUrgent = 0;
    }
  }

  #takeData(segment: Segment & { kind: 'data' }): boolean {
    const room = this.receiveCapacity - this.receivedBytes;
    const { bytes } = segment;
    if (room <= 0) return false;
    const part = bytes.byteLength <= room ? bytes : bytes.subarray(0, room);
    this.received.push(part);
    this.receivedBytes += part.byteLength;
    this.bytesAfterUrgent += part.byteLength;
    this.#arrived(part.byteLength);
    this.#core.changed(this);
    if (part === bytes) return true;
    segment.bytes = bytes.subarray(part.byteLength);
    return false;
  }

  /** Removes the arrived bytes from the sender's buffer. */
  #arrived(count: number): void {
    const { peer } = this;
    if (peer === undefined) return;
    const couldSend = peer.canSend;
    peer.unsentBytes = Math.max(0, peer.unsentBytes - count);
    if (!couldSend) this.#core.changed(peer);
  }

  #drop(count: number): void {
    let left = count;
    while (left > 0) {
      const chunk = this.received[0] as Uint8Array;
      if (chunk.byteLength > left) {
        this.received[0] = chunk.subarray(left);
        left = 0;
      } else {
        this.received.shift();
        left -= chunk.byteLength;
      }
    }
    this.receivedBytes -= count;
    const back = this.peer?.out;
    if (count > 0 && back !== undefined) this.#core.network.resume(back);
    // Wine reports the FIN only now, so a poll for DISCONNECT alone is checked again.
    if (count > 0 && this.hasFin && this.receivedBytes === 0) this.#core.changed(this);
  }
}
