import type { TracedThread, TraceRecord, TraceResult } from 'nt-trace';
import { count, endUs, isCall, isPacket, type Kind, kindOf, kinds, plural } from './calls.js';
import { type Html, html } from './html.js';

const width = 960;
const [left, right, top, trackHeight, barHeight] = [130, 12, 10, 34, 16];
/** The maximum number of drawn tracks. A note says how many more threads there are. */
const mostTracks = 12;
/** Up to this many packets get an arrow; more are drawn as points only. */
const mostArrows = 60;

interface Axis {
  readonly at: (us: number) => number;
  readonly spanUs: number;
  readonly fromUs: number;
}

function axisOf(records: readonly TraceRecord[]): Axis {
  const calls = records.filter(isCall);
  const fromUs = calls.reduce((least, { startUs }) => Math.min(least, startUs), Infinity);
  const toUs = calls.reduce((most, call) => Math.max(most, endUs(call)), 0);
  const spanUs = Math.max(1, toUs - fromUs);
  const at = (us: number) => left + Math.round(((us - fromUs) / spanUs) * (width - left - right));
  return { at, spanUs, fromUs };
}

/** A step of 1, 2 or 5 times a power of ten that gives about eight steps. */
function stepOf(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / 8));
  const step = [1, 2, 5, 10].find((each) => each * power >= span / 8) ?? 10;
  return step * power;
}

function ticks({ at, fromUs, spanUs }: Axis, y: number): Html[] {
  const [step, isMs] = [stepOf(spanUs), spanUs >= 8_000];
  const list = Array.from({ length: Math.floor(spanUs / step) + 1 }, (_, index) => index * step);
  return list.map((us) => {
    const x = at(fromUs + us);
    const text = isMs ? count(us / 1_000) : count(us);
    const unit = us === 0 ? (isMs ? ' ms' : ' \u00b5s') : '';
    return html`<path class="grid" d="M${x} ${top}V${y}"/><text x="${x}" y="${y + 16}"
text-anchor="middle">${text}${unit}</text>`;
  });
}

/** Draws calls of one kind in one track as one path: calls on the same pixels become one bar. */
function bars(
  records: readonly TraceRecord[],
  kind: Kind,
  axis: Axis,
  y: number,
): Html | undefined {
  const runs: [from: number, to: number][] = [];
  const calls = records.filter(isCall).filter((call) => kindOf(call.function) === kind);
  for (const call of calls) {
    const [from, to] = [
      axis.at(call.startUs),
      Math.max(axis.at(call.startUs) + 2, axis.at(endUs(call))),
    ];
    const last = runs.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else runs.push([from, to]);
  }
  if (runs.length === 0) return undefined;
  const inset = kind === 'wait' ? 4 : 0;
  const path = runs.map(([from, to]) => {
    return `M${from} ${y + inset}h${to - from}v${barHeight - 2 * inset}h${from - to}z`;
  });
  return html`<path class="${kind}" d="${path.join('')}"/>`;
}

function packetMarks(
  records: readonly TraceRecord[],
  axis: Axis,
  trackOf: Map<number, number>,
): Html[] {
  const packets = records.filter(isPacket);
  const calls = new Map(records.filter(isCall).map((call) => [call.number, call]));
  const yOf = (threadId: number) => top + (trackOf.get(threadId) ?? 0) * trackHeight;
  const drawn = new Set<string>();
  return packets.flatMap((packet) => {
    if (!trackOf.has(packet.threadId)) return [];
    const [x, y] = [axis.at(packet.atUs), yOf(packet.threadId) + barHeight + 6];
    const request = packet.request && calls.get(packet.request.number);
    const isArrow = packets.length <= mostArrows && request && trackOf.has(request.threadId);
    const arrow = isArrow
      ? html`<path class="arrow"
d="M${axis.at(request.startUs)} ${yOf(request.threadId) + barHeight}L${x} ${y}"/>`
      : undefined;
    const place = `${x} ${y}`;
    if (drawn.has(place) && arrow === undefined) return [];
    drawn.add(place);
    return [html`${arrow}<circle class="packet" cx="${x}" cy="${y}" r="3"/>`];
  });
}

const threadName = ({ id, name }: TracedThread) => (id === 0 ? name : `${name} ${id}`);

/** The legend of the colours. */
export function legend(): Html {
  const entry = (kind: string, words: string) =>
    html`<li><svg width="14" height="14" aria-hidden="true"><rect class="${kind}" width="14"
height="14" rx="3"/></svg> ${words}</li>`;
  return html`<ul class="legend">
${Object.entries(kinds).map(([kind, words]) => entry(kind, words))}
${entry('packet', 'packets')}</ul>`;
}

/** Draws all recorded calls to scale: a track for each thread, a point for each packet. */
export function overview({ records, threads, callCount }: TraceResult, id: string): Html {
  const seen = threads.filter((thread) => thread.id >= 0);
  const tracks = seen.slice(0, mostTracks);
  const trackOf = new Map(tracks.map((thread, index) => [thread.id, index]));
  const axis = axisOf(records);
  const bottom = top + tracks.length * trackHeight;
  const calls = records.filter(isCall).length;
  const packets = records.length - calls;
  const where = plural(seen.length, 'thread');
  const said = `${plural(calls, 'call')}, ${plural(packets, 'packet')} in ${where}`;
  const first =
    callCount > calls
      ? ` Of ${count(callCount)} calls the first ${count(calls)} were recorded.`
      : '';
  const hidden =
    seen.length > tracks.length
      ? ` ${seen.length - tracks.length} more threads are not drawn.`
      : '';
  const track = (thread: TracedThread, index: number) => {
    const own = records.filter(({ threadId }) => threadId === thread.id);
    const y = top + index * trackHeight;
    return html`<path class="grid" d="M${left} ${y + barHeight / 2}H${width - right}"/>
<text x="${left - 10}" y="${y + 12}" text-anchor="end">${threadName(thread)}</text>
${(['wait', 'other', 'post', 'request'] as const).map((kind) => bars(own, kind, axis, y))}`;
  };
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Calls to scale">
<svg class="overview" viewBox="0 0 ${width} ${bottom + 26}" role="img"
aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">Calls to scale, in milliseconds</title>
<desc id="${id}-desc">${said}.${first}${hidden}</desc>
${ticks(axis, bottom)}${tracks.map(track)}${packetMarks(records, axis, trackOf)}</svg></div>
<p class="note">${said}.${first}${hidden}</p>`;
}
