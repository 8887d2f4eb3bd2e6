import { answerText } from './decode.js';
import type { CallRecord, PacketRecord, TraceRecord } from './record.js';

/** Options for the text of records. */
export interface TextOptions {
  /** The zero of the first column, on the records' clock. */
  readonly originUs: number;
  /** Returns the name at the start of a thread's lines; empty for none. */
  readonly threadName?: (threadId: number) => string;
}

/** A duration as text, in a suitable unit. */
export function timeText(us: number): string {
  if (us < 1_000) return `${us < 10 ? us.toFixed(1) : us.toFixed()} µs`;
  if (us < 1_000_000) return `${(us / 1_000).toFixed(us < 10_000 ? 2 : 1)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}

function callText({
  number,
  args,
  result,
  error,
  durationUs,
  completion,
  ...call
}: CallRecord): string {
  const list = args.map(({ name, text }) => `${name}=${text}`).join(', ');
  const why = error === undefined ? '' : ` (${error})`;
  const note = completion?.packet === 'none' ? `  no packet: ${completion.reason}` : '';
  const time = timeText(durationUs);
  return `#${number} ${call.function}(${list}) = ${result.text}${why}  ${time}${note}`;
}

function packetText({ fields, port, request, answer, removedBy }: PacketRecord): string {
  const list = fields.map(({ name, text }) => `${name}=${text}`).join(', ');
  const events = answer === undefined ? '' : ` ${answerText(answer)}`;
  const origin =
    request === undefined
      ? 'its request is not in this trace'
      : `of #${request.number} ${request.function}, ${timeText(request.sinceUs)} after it`;
  return `#${removedBy}   packet from ${port}: ${list}${events}  ${origin}`;
}

/** A record as one line, without a line feed. */
export function formatRecord(record: TraceRecord, options: TextOptions): string {
  const atUs = record.kind === 'call' ? record.startUs : record.atUs;
  const column = ((atUs - options.originUs) / 1_000).toFixed(3).padStart(10);
  const thread = options.threadName?.(record.threadId) ?? '';
  const prefix = thread === '' ? '' : `[${thread}] `;
  return `${column} ${prefix}${record.kind === 'call' ? callText(record) : packetText(record)}`;
}
