import {
  type Address,
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  type HANDLE,
} from 'ntdllx';
import { PoisonedPoll } from './poisoned-poll.js';
import type { Proof } from './proof.js';

/** The events that stage 1 polls for: the accept, and all events that can end the wait for it. */
export const acceptMask =
  AFD_POLL_ACCEPT |
  AFD_POLL_DISCONNECT |
  AFD_POLL_ABORT |
  AFD_POLL_LOCAL_CLOSE |
  AFD_POLL_CONNECT_FAIL;

/** The parameters of NtDeviceIoControlFile, by NT's names and in NT's order. */
export interface PollParameters {
  readonly FileHandle: HANDLE;
  readonly Event: HANDLE;
  readonly ApcRoutine: Address;
  readonly ApcContext: Address;
  readonly IoStatusBlock: Address;
  readonly IoControlCode: number;
  readonly InputBuffer: Address;
  readonly InputBufferLength: number;
  readonly OutputBuffer: Address;
  readonly OutputBufferLength: number;
}

/** A poll of a listener, which only a waiting connection may complete. */
export class AcceptPoll extends PoisonedPoll {
  /** Compares the block with the values that the kernel writes for a waiting connection. */
  override judge(proof: Proof): void {
    super.judge(proof, AFD_POLL_ACCEPT);
  }
}
