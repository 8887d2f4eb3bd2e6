import {
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FileCompletionInformation,
  FileIoCompletionNotificationInformation,
  isNtError,
  STATUS_SUCCESS,
} from 'ntdllx';
import { argumentOf } from './argument-text.js';
import { u32, u64 } from './capture.js';
import type { Entry } from './decode.js';
import type { RawCall } from './raw-call.js';
import type { RequestFate } from './record.js';

/** What is known of a file: where its packets go. */
interface FileState {
  port?: bigint;
  skipsPacketOnSuccess?: boolean;
}

const due: RequestFate = { packet: 'due', reason: '' };
const unknown: RequestFate = { packet: 'unknown', reason: 'no port was seen to be associated' };
const none = (reason: string): RequestFate => ({ packet: 'none', reason });

/** Which call asked for which packet. */
export class Requests {
  readonly #files = new Map<bigint, FileState>();
  /** By ApcContext: the latest request. */
  readonly #pending = new Map<bigint, RawCall>();
  readonly #posts: RawCall[] = [];

  #file(handle: number | bigint): FileState {
    const known = this.#files.get(BigInt(handle));
    if (known !== undefined) return known;
    const state: FileState = {};
    this.#files.set(BigInt(handle), state);
    return state;
  }

  /** A handle was made or closed: what was known of its value is over. */
  forget(handle: number | bigint): void {
    this.#files.delete(BigInt(handle));
  }

  /** Learns what a call does to a file's packets. */
  learn(raw: RawCall): void {
    if (raw.name === 'CreateIoCompletionPort' && raw.result !== 0) {
      const port = BigInt(argumentOf(raw, 'ExistingCompletionPort'));
      this.#file(argumentOf(raw, 'FileHandle')).port = port === 0n ? BigInt(raw.result) : port;
    }
    const information = raw.before['FileInformation'];
    if (raw.name !== 'NtSetInformationFile' || raw.result !== STATUS_SUCCESS) return;
    if (information === undefined) return;
    const file = this.#file(argumentOf(raw, 'FileHandle'));
    const kind = argumentOf(raw, 'FileInformationClass');
    if (kind === FileCompletionInformation) file.port = u64(information);
    if (kind === FileIoCompletionNotificationInformation) {
      file.skipsPacketOnSuccess = (u32(information) & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) !== 0;
    }
  }

  /** Notes a request. @returns what will come of it; undefined for a call that is none. */
  note(raw: RawCall): RequestFate | undefined {
    switch (raw.name) {
      case 'NtSetIoCompletion':
      case 'NtSetIoCompletionEx':
        if (isNtError(Number(raw.result))) return undefined;
        this.#posts.push(raw);
        return due;
      case 'NtDeviceIoControlFile':
      case 'NtAssociateWaitCompletionPacket':
        return this.#noteRequest(raw);
      default:
        return undefined;
    }
  }

  #noteRequest(raw: RawCall): RequestFate | undefined {
    const status = Number(raw.result);
    if (isNtError(status)) return undefined;
    const apcContext = BigInt(argumentOf(raw, 'ApcContext'));
    if (apcContext === 0n) return none('ApcContext is null');
    const file = this.#files.get(BigInt(argumentOf(raw, 'FileHandle')));
    if (status === STATUS_SUCCESS && file?.skipsPacketOnSuccess === true) {
      return none('FILE_SKIP_COMPLETION_PORT_ON_SUCCESS');
    }
    this.#pending.set(apcContext, raw);
    return raw.name === 'NtDeviceIoControlFile' && file?.port === undefined ? unknown : due;
  }

  /** The call that asked for a packet. A post is one whose four values all are the packet's. */
  take(entry: Entry, port: number | bigint): RawCall | undefined {
    const posted = this.#posts.findIndex(
      (raw) =>
        BigInt(argumentOf(raw, 'IoCompletionHandle')) === BigInt(port) &&
        BigInt(argumentOf(raw, 'KeyContext')) === entry.keyContext &&
        BigInt(argumentOf(raw, 'ApcContext')) === entry.apcContext &&
        argumentOf(raw, 'IoStatus') === entry.status &&
        BigInt(argumentOf(raw, 'IoStatusInformation')) === entry.information,
    );
    if (posted !== -1) return this.#posts.splice(posted, 1)[0];
    const request = this.#pending.get(entry.apcContext);
    this.#pending.delete(entry.apcContext);
    return request;
  }
}
