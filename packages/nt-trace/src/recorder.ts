import { IOCTL_AFD_POLL, STATUS_PENDING } from 'ntdllx';
import { type CallObserver, type ObservedCall, readMemory, type StartedCall } from 'ntdllx/trace';
import { argumentOf } from './argument-text.js';
import { captureInputs, captureOutputs, isSuccess, mostBytes, u32 } from './capture.js';
import { decodeEntries } from './decode.js';
import type { Memory, RawCall } from './raw-call.js';
import { Requests } from './requests.js';

/** The functions by which a program asks why a call failed. */
const askers: Partial<Record<string, string>> = {
  'ws2_32.dll': 'WSAGetLastError',
  'kernel32.dll': 'GetLastError',
};

/** Whether the caller is about to ask for an error code. */
function isFailure(call: ObservedCall): boolean {
  const { dll, returns } = call.prototype;
  if (dll === 'ntdll.dll' || call.name.endsWith('GetLastError')) return false;
  if (dll === 'ws2_32.dll') return !isSuccess(call);
  if (call.name === 'WaitForSingleObject') return call.result === 0xffff_ffff;
  return returns !== 'DWORD' && call.result === 0;
}

/**
 * Makes a {@link RawCall} of each call of this thread and hands it on. It makes no foreign calls, and a
 * call that failed is handed on together with the next one: nothing is written between a failure and
 * the program's own question for the reason.
 */
export class Recorder implements CallObserver {
  readonly #nextNumber: () => number;
  readonly #take: (call: RawCall) => void;
  /** Whose packets come: of this thread's requests, to read their answers. */
  readonly #requests = new Requests();
  #number = 0;
  #before: Memory = {};
  #held: { readonly raw: RawCall; readonly asker: string | undefined } | undefined;

  /** @param nextNumber gives out the numbers of calls. @param take gets each, on this very thread. */
  constructor(nextNumber: () => number, take: (call: RawCall) => void) {
    this.#nextNumber = nextNumber;
    this.#take = take;
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
    this.#release(name === this.#held?.asker ? Number(result) : undefined);
    if (isFailure(call)) this.#held = { raw, asker: askers[call.prototype.dll] };
    else this.#take(raw);
  }

  /** Hands on what waits for an error code. */
  flush(): void {
    this.#release(undefined);
  }

  #release(errorCode: number | undefined): void {
    if (this.#held === undefined) return;
    const { raw } = this.#held;
    this.#held = undefined;
    this.#take(errorCode === undefined ? raw : { ...raw, errorCode });
  }

  /** The packets are off the port: what their polls wrote is the program's again, and settled. */
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
      // A packet that another thread posted by hand: the poll is pending, its block the kernel's.
      if (status === undefined || u32(status) === STATUS_PENDING) return undefined;
      const byteLength = Number(argumentOf(request, 'OutputBufferLength'));
      return readMemory(argumentOf(request, 'OutputBuffer'), Math.min(byteLength, mostBytes));
    });
  }
}
