import {
  type CallRecord,
  formatRecord,
  type TraceRecord,
  type TraceResult,
  timeText,
} from 'nt-trace';
import { endUs, firstUs, isCall, kindOf } from './calls.js';
import { type Html, html } from './html.js';

/** The maximum number of drawn rows. */
export const mostRows = 120;
const [rowHeight, timeWidth, gutter, trackWidth] = [18, 84, 64, 24];
const mostCharacters = 96;

interface Row {
  readonly record: TraceRecord;
  readonly index: number;
}

interface Layout {
  readonly rows: readonly Row[];
  /** The first and the last row of each call, by the call's number. */
  readonly spans: ReadonlyMap<number, { readonly first: number; readonly last: number }>;
}

/**
 * The time of an item to draw. Of simultaneous items the one with the lower order is drawn first.
 */
interface Moment {
  readonly us: number;
  readonly order: 0 | 1 | 2;
  readonly record: TraceRecord;
}

/** Makes a row for each start of a call and each packet, in their order across all threads. */
function layOut(records: readonly TraceRecord[]): Layout {
  const moments = records.flatMap((record): Moment[] => {
    if (!isCall(record)) return [{ us: record.atUs, order: 1, record }];
    return [
      { us: record.startUs, order: 0, record },
      { us: endUs(record), order: 2, record },
    ];
  });
  // At equal times: the start of a call, then a packet, then the end of a call. So a packet is
  // drawn before the end of the call that removed it.
  moments.sort((a, b) => a.us - b.us || a.order - b.order);
  const rows: Row[] = [];
  const spans = new Map<number, { first: number; last: number }>();
  for (const { order, record } of moments) {
    if (order !== 2) rows.push({ record, index: rows.length });
    if (!isCall(record)) continue;
    const last = rows.length - 1;
    if (order === 0) spans.set(record.number, { first: last, last });
    else spans.set(record.number, { first: spans.get(record.number)?.first ?? last, last });
  }
  return { rows: rows.slice(0, mostRows), spans };
}

const cut = (text: string) =>
  text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters - 1)}\u2026`;

function callLabel({
  number,
  function: name,
  result,
  error,
  poll,
  durationUs,
}: CallRecord): string {
  const [socket] = poll?.sockets ?? [];
  const asked = socket === undefined ? '' : `; ${socket.socket}: ${socket.events.join('|')}`;
  const why = error === undefined ? '' : ` (${error})`;
  return `#${number} ${name} = ${result.text}${why}, ${timeText(durationUs)}${asked}`;
}

function label(record: TraceRecord): string {
  if (isCall(record)) return callLabel(record);
  const { fields, request, answer } = record;
  const status = fields.find(({ name }) => name === 'Status')?.text ?? '';
  const [socket] = answer?.sockets ?? [];
  const events = socket === undefined ? '' : `, ${socket.socket}: ${socket.events.join('|')}`;
  const whose = request === undefined ? 'a packet' : `the packet of #${request.number}`;
  return `${whose}: ${status}${events}`;
}

/** Draws rows: the time, tracks with bars, arrows on their left, text on their right. */
class Drawing {
  readonly #trace: TraceResult;
  readonly #layout: Layout;
  readonly #id: string;
  readonly #tracks: Map<number, number>;
  readonly #names: string[];
  readonly #top: number;

  constructor(trace: TraceResult, id: string) {
    this.#trace = trace;
    this.#layout = layOut(trace.records);
    this.#id = id;
    const used = new Set(this.#layout.rows.map(({ record }) => record.threadId));
    const seen = trace.threads.filter((thread) => used.has(thread.id));
    this.#tracks = new Map(seen.map((thread, index) => [thread.id, index]));
    this.#names = seen.map(({ id: own, name }) => (own === 0 ? name : `${name} ${own}`));
    this.#top = 8 + this.#names.length * 16;
  }

  get rowCount(): number {
    return this.#layout.rows.length;
  }

  #x(threadId: number): number {
    return timeWidth + gutter + (this.#tracks.get(threadId) ?? 0) * trackWidth;
  }

  #y(row: number): number {
    return this.#top + row * rowHeight + rowHeight / 2;
  }

  #row({ record, index }: Row): Html {
    const originUs = firstUs(this.#trace);
    const us = isCall(record) ? record.startUs : record.atUs;
    const [x, y] = [this.#x(record.threadId), this.#y(index)];
    const words = timeWidth + gutter + this.#names.length * trackWidth + 8;
    const line = formatRecord(record, { originUs }).trim();
    const text = html`<text class="time" x="${timeWidth - 8}" y="${y + 4}"
text-anchor="end">${((us - originUs) / 1_000).toFixed(3)}</text>
<text class="${isCall(record) ? 'call' : 'packet-words'}" x="${words}"
y="${y + 4}">${cut(label(record))}</text>`;
    if (!isCall(record)) {
      return html`<g><title>${line}</title><circle class="packet" cx="${x}" cy="${y}"
r="4.5"/>${text}</g>
`;
    }
    const { first = index, last = index } = this.#layout.spans.get(record.number) ?? {};
    const height = (Math.min(last, this.rowCount - 1) - first) * rowHeight + 12;
    return html`<g><title>${line}</title><rect class="${kindOf(record.function)}" x="${x - 6}"
y="${this.#y(first) - 6}" width="12" height="${height}" rx="3"/>${text}</g>
`;
  }

  /** Draws an arrow from a request to its packet, on the left of the tracks. */
  #arrow({ record, index }: Row): Html | undefined {
    if (isCall(record) || record.request === undefined) return undefined;
    const asked = this.#layout.spans.get(record.request.number)?.first;
    const call = this.#trace.records.find(
      (each) => isCall(each) && each.number === record.request?.number,
    );
    if (asked === undefined || call === undefined || asked >= this.rowCount) return undefined;
    const [x1, y1] = [this.#x(call.threadId) - 7, this.#y(asked)];
    const [x2, y2] = [this.#x(record.threadId) - 6, this.#y(index)];
    const reach = Math.min(gutter - 12, 14 + (index - asked) * 2);
    const bend = timeWidth + gutter - 6 - reach;
    return html`<path class="arrow" marker-end="url(#${this.#id}-head)"
d="M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}"/>`;
  }

  draw(): Html {
    const bottom = this.#top + this.rowCount * rowHeight + 4;
    const track = (name: string, index: number) => {
      const x = timeWidth + gutter + index * trackWidth;
      return html`<text class="track" x="${x - 6}" y="${16 * index + 12}">${name}</text>
<path class="grid" d="M${x} ${16 * index + 16}V${bottom}"/>`;
    };
    const longest = Math.max(
      20,
      ...this.#layout.rows.map(({ record }) => cut(label(record)).length),
    );
    const width = timeWidth + gutter + this.#names.length * trackWidth + 20 + longest * 7.3;
    const id = this.#id;
    return html`<div class="scroll" role="region" tabindex="0" aria-label="Calls in order">
<svg class="sequence" viewBox="0 0 ${Math.ceil(width)} ${bottom}" width="${Math.ceil(width)}"
height="${bottom}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">Calls in order, from top to bottom</title>
<desc id="${id}-desc">A column for each thread: ${this.#names.join(', ')}. A bar for each call,
from its start to its end; an arrow from a request to its packet. The same is below as text.</desc>
<defs><marker id="${id}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
${this.#names.map(track)}${this.#layout.rows.map((row) => this.#arrow(row))}
${this.#layout.rows.map((row) => this.#row(row))}</svg></div>
`;
  }
}

/** Draws the first rows of a trace one below another, not to scale. */
export function sequence(trace: TraceResult, id: string): { drawing: Html; rowCount: number } {
  const drawing = new Drawing(trace, id);
  return { drawing: drawing.draw(), rowCount: drawing.rowCount };
}
