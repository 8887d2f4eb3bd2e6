import { IOCTL_AFD_POLL, STATUS_PENDING } from 'ntdllx';
import {
  type CallObserver,
  type NativeArgument,
  type ObservedCall,
  readMemory,
  type StartedCall,
} from 'ntdllx/trace';
import { argumentOf } from './argument-text.js';
import { captureInputs, captureOutputs, isSuccess, mostBytes, u32 } from './capture.js';
import { decodeEntries } from './decode.js';
import type { HandleLabel, Memory, RawCall } from './raw-call.js';
import { Requests } from './requests.js';

/** By DLL: the function that returns the error code of a failed call. */
const errorFunctions: Partial<Record<string, string>> = {
  'ws2_32.dll': 'WSAGetLastError',
  'kernel32.dll': 'GetLastError',
};

/** True if a call failed and the error code is not its result: the program may read it next. */
function isFailure(call: ObservedCall): boolean {
  const { dll, returns } = call.prototype;
  if (dll === 'ntdll.dll' || call.name.endsWith('GetLastError')) return false;
  if (dll === 'ws2_32.dll') return !isSuccess(call);
  if (call.name === 'WaitForSingleObject') return call.result === 0xffff_ffff;
  return returns !== 'DWORD' && call.result === 0;
}

/**
 * Makes a {@link RawCall} from each call of this thread and delivers it. It makes no foreign
 * calls. A failed call is delivered only with the next call. That call may be WSAGetLastError or
 * GetLastError, and a write to standard error in between would change the error code.
 */
export class Recorder implements CallObserver {
  readonly #nextNumber: () => number;
  readonly #take: (call: RawCall) => void;
  readonly #label: (label: HandleLabel) => void;
  /** This thread's requests, to find the output buffers that belong to removed packets. */
  readonly #requests = new Requests();
  #number = 0;
  #before: Memory = {};
  /** A failed call that waits for the next call. */
  #held: { readonly raw: RawCall; readonly errorFunction: string | undefined } | undefined;

  /**
   * @param nextNumber returns the next call's number. @param take is called with each call.
   * @param label is called with each name that the program gives to a handle.
   */
  constructor(
    nextNumber: () => number,
    take: (call: RawCall) => void,
    label: (label: HandleLabel) => void,
  ) {
    this.#nextNumber = nextNumber;
    this.#take = take;
    this.#label = label;
  }

  named(handle: NativeArgument, label: string): void {
    this.#label({ handle: BigInt(handle), label, number: this.#number });
  }

  before(call: StartedCall): void {
    this.#number = this.#nextNumber();
    this.#before = captureInputs(call);
  }

  after(call: ObservedCall): void {
    const { name, args, result, startUs, durationUs, threadId } = call;
    const after = captureOutputs(call);
    const seen: RawCall = {
      number: this.#number,
      threadId,
      name,
      args,
      result,
      startUs,
      durationUs,
      before: this.#before,
      after,
    };
    const outputs = this.#outputs(seen);
    const raw = outputs === undefined ? seen : { ...seen, outputs };
    this.#requests.learn(raw);
    this.#requests.note(raw);
    this.#release(name === this.#held?.errorFunction ? Number(result) : undefined);
    if (isFailure(call)) this.#held = { raw, errorFunction: errorFunctions[call.prototype.dll] };
    else this.#take(raw);
  }

  /** Delivers the failed call that still waits for the next call, if there is one. */
  flush(): void {
    this.#release(undefined);
  }

  #release(errorCode: number | undefined): void {
    if (this.#held === undefined) return;
    const { raw } = this.#held;
    this.#held = undefined;
    this.#take(errorCode === undefined ? raw : { ...raw, errorCode });
  }

  /**
   * Copies the output buffers of the polls whose packets were removed. After the removal the
   * program owns these buffers, and the kernel no longer writes to them.
   */
  #outputs(raw: RawCall): (Uint8Array | undefined)[] | undefined {
    const entries = raw.after['IoCompletionInformation'];
    if (raw.name !== 'NtRemoveIoCompletionEx' || entries === undefined) return undefined;
    const port = argumentOf(raw, 'IoCompletionHandle');
    return decodeEntries(entries).map((entry) => {
      const request = this.#requests.take(entry, port);
      if (request === undefined || argumentOf(request, 'IoControlCode') !== IOCTL_AFD_POLL) {
        return undefined;
      }
      const status = readMemory(argumentOf(request, 'IoStatusBlock'), 4);
      // The packet does not belong to the poll: another thread posted a packet with the same
      // ApcContext. The poll is still pending, and the kernel owns its block.
      if (status === undefined || u32(status) === STATUS_PENDING) return undefined;
      const byteLength = Number(argumentOf(request, 'OutputBufferLength'));
      return readMemory(argumentOf(request, 'OutputBuffer'), Math.min(byteLength, mostBytes));
    });
  }
}
