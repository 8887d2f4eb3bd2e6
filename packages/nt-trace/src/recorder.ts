import { FILE_IO_COMPLETION_INFORMATION, isNtError, STATUS_PENDING } from 'ntdllx';
import {
  type CallObserver,
  type NativeArgument,
  type ObservedCall,
  readMemory,
  type StartedCall,
} from 'ntdllx/trace';
import {
  argument,
  captureInputs,
  captureOutputs,
  isPoll,
  isSuccess,
  mostBytes,
  u32,
  u64,
} from './capture.js';
import type { Memory, RawCall } from './raw-call.js';

/** Where a poll's answer will be. */
interface Output {
  readonly ioStatusBlock: NativeArgument;
  readonly buffer: NativeArgument;
  readonly byteLength: number;
}

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const apcContextOffset = FILE_IO_COMPLETION_INFORMATION.layout.fields.ApcContext[0];

/** What tells a program why a call failed. */
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
  /** By ApcContext: where the latest poll of this thread that has it will be answered. */
  readonly #outputs = new Map<bigint, Output>();
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
    const entries = after['IoCompletionInformation'];
    const isRemoval = name === 'NtRemoveIoCompletionEx' && entries !== undefined;
    const raw: RawCall = {
      number: this.#number,
      threadId,
      name,
      args,
      result,
      startUs,
      durationUs,
      before: this.#before,
      after,
      ...(isRemoval ? { outputs: this.#readOutputs(entries) } : {}),
    };
    if (isPoll(call)) this.#rememberOutput(call);
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

  #rememberOutput(call: ObservedCall): void {
    const apcContext = BigInt(argument(call, 'ApcContext'));
    if (isNtError(Number(call.result)) || apcContext === 0n) return;
    this.#outputs.set(apcContext, {
      ioStatusBlock: argument(call, 'IoStatusBlock'),
      buffer: argument(call, 'OutputBuffer'),
      byteLength: Math.min(Number(argument(call, 'OutputBufferLength')), mostBytes),
    });
  }

  /** The packets are off the port: what their polls wrote is the program's again, and settled. */
  #readOutputs(entries: Uint8Array): (Uint8Array | undefined)[] {
    return Array.from({ length: entries.byteLength / entryBytes }, (_, index) => {
      const apcContext = u64(entries, index * entryBytes + apcContextOffset);
      const output = this.#outputs.get(apcContext);
      if (output === undefined) return undefined;
      const status = readMemory(output.ioStatusBlock, 4);
      // A packet that somebody posted by hand: the poll is pending, its block still the kernel's.
      if (status === undefined || u32(status) === STATUS_PENDING) return undefined;
      this.#outputs.delete(apcContext);
      return readMemory(output.buffer, output.byteLength);
    });
  }
}
