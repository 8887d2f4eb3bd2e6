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
import { HandleLife, madeHandle } from './handle-life.js';
import type { RawCall } from './raw-call.js';
import type { RequestCompletion } from './record.js';

/** What the trace knows about a file: its port, and whether it skips packets on success. */
interface FileState {
  port?: Port;
  skipsPacketOnSuccess?: boolean;
}

/**
 * Identifies a port, whichever of its handles is used: the value of its first handle, and the
 * number of the call that made it.
 */
type Port = string;

/**
 * At most this many posts are remembered; the oldest are forgotten. Without a limit, posts whose
 * packets another thread removes would be remembered for ever.
 */
const mostPosts = 4_096;

const due: RequestCompletion = { packet: 'due', reason: '' };
const unknown: RequestCompletion = {
  packet: 'unknown',
  reason: 'the trace does not contain the association of the file with a port',
};
const none = (reason: string): RequestCompletion => ({ packet: 'none', reason });

/** Finds for each packet the call that submitted the request or posted the packet. */
export class Requests {
  readonly #files = new Map<bigint, FileState>();
  readonly #ports = new Map<bigint, Port>();
  /** The latest request by ApcContext and, if it is known, port. */
  readonly #pending = new Map<string, RawCall>();
  readonly #posts: RawCall[] = [];
  readonly #life = new HandleLife();

  #file(handle: number | bigint): FileState {
    const known = this.#files.get(BigInt(handle));
    if (known !== undefined) return known;
    const state: FileState = {};
    this.#files.set(BigInt(handle), state);
    return state;
  }

  #port(handle: number | bigint): Port {
    return this.#ports.get(BigInt(handle)) ?? `${handle}`;
  }

  /**
   * Forgets what was known about a handle value, because the handle was closed, or because NT gave
   * the value to a new handle.
   */
  #forget(handle: bigint): void {
    this.#files.delete(handle);
    this.#ports.delete(handle);
  }

  /**
   * Records the effect of a successful call: handles that were made or closed, ports, files that
   * were associated with a port, and FILE_SKIP_* flags.
   *
   * @returns the handles that the call closed, including the base handle of a closed socket.
   */
  learn(raw: RawCall): readonly bigint[] {
    const closed = this.#life.closedBy(raw);
    const made = madeHandle(raw);
    for (const handle of made === undefined ? closed : [made, ...closed]) this.#forget(handle);
    this.#learnPorts(raw, made);
    return closed;
  }

  #learnPorts(raw: RawCall, made: bigint | undefined): void {
    switch (raw.name) {
      case 'NtCreateIoCompletion':
        if (made !== undefined) this.#ports.set(made, `${made} of #${raw.number}`);
        break;
      case 'NtDuplicateObject':
        // Both handles refer to the same port: a packet posted through one is removed through any.
        if (made !== undefined) {
          this.#ports.set(made, this.#port(argumentOf(raw, 'SourceHandle')));
        }
        break;
      case 'CreateIoCompletionPort':
        if (raw.result !== 0) {
          const port = argumentOf(raw, 'ExistingCompletionPort') || raw.result;
          this.#file(argumentOf(raw, 'FileHandle')).port = this.#port(port);
        }
        break;
      case 'NtSetInformationFile':
        if (raw.result === STATUS_SUCCESS) this.#learnInformation(raw);
        break;
    }
  }

  #learnInformation(raw: RawCall): void {
    const information = raw.before['FileInformation'];
    if (information === undefined) return;
    const file = this.#file(argumentOf(raw, 'FileHandle'));
    const kind = argumentOf(raw, 'FileInformationClass');
    if (kind === FileCompletionInformation) file.port = this.#port(u64(information));
    if (kind === FileIoCompletionNotificationInformation) {
      file.skipsPacketOnSuccess = (u32(information) & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) !== 0;
    }
  }

  /**
   * Remembers a request or post.
   *
   * @returns whether a packet arrives for it; undefined for a call that is neither.
   */
  note(raw: RawCall): RequestCompletion | undefined {
    switch (raw.name) {
      case 'NtSetIoCompletion':
      case 'NtSetIoCompletionEx':
        if (isNtError(Number(raw.result))) return undefined;
        this.#posts.push(raw);
        if (this.#posts.length > mostPosts) this.#posts.shift();
        return due;
      case 'NtDeviceIoControlFile':
      case 'NtAssociateWaitCompletionPacket':
        return this.#noteRequest(raw);
      default:
        return undefined;
    }
  }

  #noteRequest(raw: RawCall): RequestCompletion | undefined {
    const status = Number(raw.result);
    if (isNtError(status)) return undefined;
    const apcContext = BigInt(argumentOf(raw, 'ApcContext'));
    if (apcContext === 0n) return none('ApcContext is null');
    const file = this.#files.get(BigInt(argumentOf(raw, 'FileHandle')));
    if (status === STATUS_SUCCESS && file?.skipsPacketOnSuccess === true) {
      return none('FILE_SKIP_COMPLETION_PORT_ON_SUCCESS');
    }
    const isFile = raw.name === 'NtDeviceIoControlFile';
    const port = isFile ? file?.port : this.#port(argumentOf(raw, 'IoCompletionHandle'));
    this.#pending.set(`${port} ${apcContext}`, raw);
    return port === undefined ? unknown : due;
  }

  /**
   * Finds the call that a packet belongs to, and forgets it: the post with the same four values,
   * otherwise the latest request with the same ApcContext.
   */
  take(entry: Entry, port: number | bigint): RawCall | undefined {
    const posted = this.#posts.findIndex(
      (raw) =>
        this.#port(argumentOf(raw, 'IoCompletionHandle')) === this.#port(port) &&
        BigInt(argumentOf(raw, 'KeyContext')) === entry.keyContext &&
        BigInt(argumentOf(raw, 'ApcContext')) === entry.apcContext &&
        argumentOf(raw, 'IoStatus') === entry.status &&
        BigInt(argumentOf(raw, 'IoStatusInformation')) === entry.information,
    );
    if (posted !== -1) return this.#posts.splice(posted, 1)[0];
    for (const known of [this.#port(port), undefined]) {
      const key = `${known} ${entry.apcContext}`;
      const request = this.#pending.get(key);
      if (this.#pending.delete(key)) return request;
    }
    return undefined;
  }
}
