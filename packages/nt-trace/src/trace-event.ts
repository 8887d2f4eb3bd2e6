import { prototypes } from 'ntdllx/trace';
import { answerText } from './decode.js';
import type { CallRecord, PacketRecord } from './record.js';
import type { TraceResult } from './trace.js';

type EventArgs = Readonly<Record<string, string | number>>;

/** An event of the Trace Event format. Times in microseconds. */
export interface TraceEvent {
  /** The phase: `X` a slice, `M` metadata, `s` and `f` the ends of an arrow, `i` a mark. */
  readonly ph: 'X' | 'M' | 's' | 'f' | 'i';
  /** The name that a viewer shows. */
  readonly name: string;
  /** The process. */
  readonly pid: number;
  /** The track: Node's id of the thread. */
  readonly tid: number;
  /**
   * Set also for metadata, which has no time: otherwise speedscope does not recognize the format.
   */
  readonly ts: number;
  /** The duration of a slice, in microseconds. */
  readonly dur?: number;
  /** The category: a DLL, or `packet`. */
  readonly cat?: string;
  /** Connects both ends of an arrow. */
  readonly id?: number;
  /** The arrow ends at the slice around it, not at the next one. */
  readonly bp?: 'e';
  /** The mark belongs to its thread only. */
  readonly s?: 't';
  /** What a viewer shows on a click. */
  readonly args?: EventArgs;
}

/**
 * A file in the object form of the Trace Event format, which Perfetto and chrome://tracing open.
 */
export interface TraceEventFile {
  /** The events. Viewers sort them. */
  readonly traceEvents: readonly TraceEvent[];
  /** The unit in which chrome://tracing shows times. */
  readonly displayTimeUnit: 'ms';
  /** What is missing in the trace, if anything. */
  readonly otherData: Readonly<Record<string, string>>;
}

/** The process that was traced. */
export interface TraceEventOptions {
  /** The name of the process's group of tracks. */
  readonly processName: string;
  /** Default: this process. */
  readonly pid?: number;
}

/**
 * The clock's resolution, 100 ns. A packet's mark stands this much before the end of the slice of
 * the call that removed the packet: an arrow must end inside a slice.
 */
const stepUs = 0.1;

function callArgs({ number, args, result, error, completion }: CallRecord): EventArgs {
  return {
    call: number,
    ...Object.fromEntries(args.map(({ name, text }) => [name, text])),
    result: error === undefined ? result.text : `${result.text} (${error})`,
    ...(completion?.packet === 'none' ? { packet: `none: ${completion.reason}` } : {}),
  };
}

function packetArgs({ fields, port, request, answer }: PacketRecord): EventArgs {
  return {
    port,
    ...Object.fromEntries(fields.map(({ name, text }) => [name, text])),
    ...(answer === undefined ? {} : { events: answerText(answer) }),
    ...(request === undefined ? {} : { request: request.number, sinceUs: request.sinceUs }),
  };
}

/**
 * Makes a file that Perfetto, chrome://tracing and speedscope open: a track for each thread, a
 * slice for each call, a mark for each packet, and an arrow from the packet's request to the mark.
 *
 * Format: "Trace Event Format" by the Chromium project, JSON object form.
 */
export function toTraceEvents(
  { records, threads, callCount, originUs }: TraceResult,
  { processName, pid = process.pid }: TraceEventOptions,
): TraceEventFile {
  const meta = (name: string, tid: number, args: EventArgs): TraceEvent => ({
    ph: 'M',
    name,
    pid,
    tid,
    ts: 0,
    args,
  });
  const seen = threads.filter(({ id }) => id >= 0);
  const events: TraceEvent[] = [meta('process_name', 0, { name: processName })];
  for (const { id, name } of seen)
    events.push(meta('thread_name', id, { name: id === 0 ? name : `${name} ${id}` }));
  const calls = new Map<number, CallRecord>();
  for (const record of records) if (record.kind === 'call') calls.set(record.number, record);
  let arrows = 0;
  for (const record of records) {
    const at = { pid, tid: record.threadId };
    if (record.kind === 'call') {
      const [ts, dur] = [record.startUs - originUs, record.durationUs];
      const { dll } = prototypes[record.function];
      events.push({
        ph: 'X',
        name: record.function,
        cat: dll,
        ...at,
        ts,
        dur,
        args: callArgs(record),
      });
      continue;
    }
    const taken = calls.get(record.removedBy);
    const ts = Math.max(record.atUs - stepUs, taken?.startUs ?? 0) - originUs;
    events.push({
      ph: 'i',
      name: 'packet',
      cat: 'packet',
      ...at,
      ts,
      s: 't',
      args: packetArgs(record),
    });
    const asked = record.request && calls.get(record.request.number);
    if (asked === undefined) continue;
    arrows += 1;
    const arrow = { name: 'packet', cat: 'packet', id: arrows, pid } as const;
    events.push({ ph: 's', ...arrow, tid: asked.threadId, ts: asked.startUs - originUs });
    events.push({ ph: 'f', ...arrow, tid: record.threadId, ts, bp: 'e' });
  }
  const missing = threads.filter(({ isComplete }) => !isComplete).map(({ name }) => name);
  const otherData = {
    ...(missing.length === 0 ? {} : { 'threads cut short': missing.join(', ') }),
    ...(callCount <= calls.size ? {} : { 'calls left out': String(callCount - calls.size) }),
  };
  return { traceEvents: events, displayTimeUnit: 'ms', otherData };
}
