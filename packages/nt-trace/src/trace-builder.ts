import { IOCTL_AFD_POLL, isNtSuccess, ntStatusName, wsaErrorName } from 'ntdllx';
import { type FunctionName, prototypes } from 'ntdllx/trace';
import { argumentOf, argumentText, resultText } from './argument-text.js';
import { decodeEntries, decodePollInfo, type Entry } from './decode.js';
import { baseHandle, madeHandle } from './handle-life.js';
import { type HandleKind, HandleNames } from './handle-names.js';
import { hex } from './nt-names.js';
import type { HandleLabel, RawCall } from './raw-call.js';
import type { CallRecord, PacketRecord, TraceArgument, TraceRecord } from './record.js';
import { Requests } from './requests.js';

const kinds: Partial<Record<FunctionName, HandleKind>> = {
  NtCreateIoCompletion: 'port',
  NtCreateWaitCompletionPacket: 'waitpacket',
  CreateEventA: 'event',
  WSASocketW: 'socket',
  accept: 'socket',
};

/** Makes records from calls, one after another. It names handles and assigns packets to requests. */
export class TraceBuilder {
  readonly #handles: HandleNames;
  readonly #requests = new Requests();
  readonly #labels: ReadonlyMap<number, string>;

  /**
   * @param suffix the end of every name, such as `@2`, if the builder gets only the calls of one
   *   thread.
   * @param labels the program's name for a handle, by the number of the call that made the handle.
   */
  constructor(suffix = '', labels: ReadonlyMap<number, string> = new Map()) {
    this.#handles = new HandleNames(suffix);
    this.#labels = labels;
  }

  /** The names of the handles that are open. */
  get handles(): HandleNames {
    return this.#handles;
  }

  /**
   * @returns the call's record, followed by one for each packet that the call removed from a port.
   */
  add(raw: RawCall): TraceRecord[] {
    this.#nameNew(raw);
    const closed = this.#requests.learn(raw);
    const call = this.#call(raw);
    const packets = this.#packets(raw);
    for (const handle of closed) this.#handles.closed(handle);
    return [call, ...packets];
  }

  /** Names the handle that the call made. The call's own text already contains that name. */
  #nameNew(raw: RawCall): void {
    const handles = this.#handles;
    const base = baseHandle(raw);
    const socket = base === undefined ? undefined : handles.find(argumentOf(raw, 's'));
    if (base !== undefined && socket !== undefined) handles.alias(base, socket);
    const handle = madeHandle(raw);
    if (handle === undefined) return;
    handles.made(handle, this.#kindOf(raw), this.#labels.get(raw.number));
  }

  #kindOf(raw: RawCall): HandleKind {
    if (raw.name === 'NtCreateFile') {
      const name = raw.before['ObjectAttributes'];
      const isAfd = name && /^\\Device\\Afd\b/i.test(Buffer.from(name).toString('utf16le'));
      return isAfd ? 'afd' : 'file';
    }
    if (raw.name === 'NtDuplicateObject') {
      const source = this.#handles.find(argumentOf(raw, 'SourceHandle'));
      return (source?.split('#')[0] ?? 'file') as HandleKind;
    }
    return kinds[raw.name] ?? 'file';
  }

  #call(raw: RawCall): CallRecord {
    const { params } = prototypes[raw.name];
    const handles = this.#handles;
    // Name the IO_STATUS_BLOCK first: ApcContext is often its address, and is an earlier argument.
    if (raw.name === 'NtDeviceIoControlFile')
      handles.address(argumentOf(raw, 'IoStatusBlock'), 'iosb');
    const args = params.map((parameter, index): TraceArgument => {
      const [name, type, headerType = type] = parameter as typeof parameter & { 2?: string };
      const value = raw.args[index] ?? 0;
      return { name, type: headerType, value, text: argumentText(raw, parameter, handles) };
    });
    const isPoll = argumentOf(raw, 'IoControlCode') === IOCTL_AFD_POLL;
    const input = isPoll ? raw.before['InputBuffer'] : undefined;
    const output = isPoll ? raw.after['OutputBuffer'] : undefined;
    const poll = input && decodePollInfo(input, handles);
    const answer = output && decodePollInfo(output, handles);
    const completion = this.#requests.note(raw);
    return {
      kind: 'call',
      number: raw.number,
      threadId: raw.threadId,
      function: raw.name,
      args,
      result: { value: raw.result, text: resultText(raw, handles) },
      ...(raw.errorCode === undefined ? {} : { error: errorText(raw, raw.errorCode) }),
      startUs: raw.startUs,
      durationUs: raw.durationUs,
      ...(poll === undefined ? {} : { poll }),
      ...(answer === undefined ? {} : { answer }),
      ...(completion === undefined ? {} : { completion }),
    };
  }

  #packets(raw: RawCall): PacketRecord[] {
    const bytes = raw.after['IoCompletionInformation'];
    if (raw.name !== 'NtRemoveIoCompletionEx' || bytes === undefined) return [];
    return decodeEntries(bytes).map((entry, index) => this.#packet(raw, entry, index));
  }

  #packet(raw: RawCall, entry: Entry, index: number): PacketRecord {
    const handles = this.#handles;
    const port = argumentOf(raw, 'IoCompletionHandle');
    const request = this.#requests.take(entry, port);
    const atUs = raw.startUs + raw.durationUs;
    // The memory contains the poll's output only if the packet belongs to the poll and the poll
    // succeeded.
    const isPoll = request?.name === 'NtDeviceIoControlFile' && isNtSuccess(entry.status);
    const output = isPoll ? raw.outputs?.[index] : undefined;
    const answer = output && decodePollInfo(output, handles);
    return {
      kind: 'packet',
      removedBy: raw.number,
      index,
      threadId: raw.threadId,
      port: handles.of(port),
      ...entry,
      fields: [
        { name: 'KeyContext', text: hex(entry.keyContext) },
        {
          name: 'ApcContext',
          text: handles.findAddress(entry.apcContext) ?? hex(entry.apcContext),
        },
        { name: 'Status', text: ntStatusName(entry.status) },
        { name: 'Information', text: String(entry.information) },
      ],
      atUs,
      ...(request === undefined
        ? {}
        : {
            request: {
              number: request.number,
              function: request.name,
              sinceUs: atUs - request.startUs,
            },
          }),
      ...(answer === undefined ? {} : { answer }),
    };
  }
}

function errorText(raw: RawCall, code: number): string {
  return prototypes[raw.name].dll === 'ws2_32.dll' ? wsaErrorName(code) : `Win32 error ${code}`;
}

/** Calls whose effect other threads may see before the call returns. */
const actsAtOnce =
  /^(NtDeviceIoControlFile|NtSetIoCompletion|NtSetIoCompletionEx|NtCancel|NtClose|closesocket|CloseHandle)/;

/**
 * The time by which a call is ordered. A call that acts at once is ordered by its start: other
 * threads can see its effect from then on. Any other call, such as a wait, is ordered by its
 * return: until then another thread can cause its result.
 */
function effectUs({ name, startUs, durationUs }: RawCall): number {
  return actsAtOnce.test(name) ? startUs : startUs + durationUs;
}

/** The program's names for handles, by the number of the call that made the handle. */
function labelsByCall(calls: readonly RawCall[], labels: readonly HandleLabel[]) {
  const byCall = new Map<number, string>();
  for (const { handle, label, number } of labels) {
    const made = calls.filter((raw) => raw.number <= number && madeHandle(raw) === handle);
    if (made.length > 0) byCall.set(Math.max(...made.map((raw) => raw.number)), label);
  }
  return byCall;
}

/**
 * Makes the records of the calls of all threads. `recorded` has the calls, in any order, and the
 * names that the program gave to its handles.
 *
 * Handles are named, and packets assigned to requests, in the order in which the calls took effect:
 * a post takes effect when it starts, a removal of packets when it returns. The records are in the
 * order in which the calls started. The packets that a call removed follow that call.
 */
export function buildTrace(recorded: readonly (RawCall | HandleLabel)[]): TraceRecord[] {
  const calls = recorded.filter((each): each is RawCall => 'threadId' in each);
  const labels = recorded.filter((each): each is HandleLabel => 'label' in each);
  const builder = new TraceBuilder('', labelsByCall(calls, labels));
  const byEffect = [...calls].sort((a, b) => effectUs(a) - effectUs(b) || a.number - b.number);
  const built = byEffect.map((raw) => ({ number: raw.number, records: builder.add(raw) }));
  return built.sort((a, b) => a.number - b.number).flatMap(({ records }) => records);
}
