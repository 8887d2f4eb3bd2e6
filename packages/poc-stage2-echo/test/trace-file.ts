import * as v from 'valibot';

// Checks the part of the Trace Event format that nt-trace writes, more strictly than its readers
// do. Sources: the Chromium project's document about the format; speedscope 1.25, which requires
// ph and ts in each event; and Perfetto's documentation: slices of one thread nest, and an arrow
// ends inside a slice.

const us = v.pipe(v.number(), v.finite(), v.minValue(0));
const id = v.pipe(v.number(), v.integer(), v.minValue(0));
const place = { pid: id, tid: id };
const args = v.record(v.string(), v.union([v.string(), v.number()]));
const text = v.pipe(v.string(), v.nonEmpty());

const slice = v.strictObject({
  ph: v.literal('X'),
  name: text,
  cat: text,
  ...place,
  ts: us,
  dur: us,
  args,
});
const mark = v.strictObject({
  ph: v.literal('i'),
  name: text,
  cat: text,
  ...place,
  ts: us,
  s: v.literal('t'),
  args,
});
const arrow = { name: text, cat: text, id, ...place, ts: us };
const start = v.strictObject({ ph: v.literal('s'), ...arrow });
const finish = v.strictObject({ ph: v.literal('f'), ...arrow, bp: v.literal('e') });
const metadata = v.strictObject({
  ph: v.literal('M'),
  name: v.picklist(['process_name', 'thread_name']),
  ...place,
  ts: v.literal(0),
  args: v.strictObject({ name: text }),
});

const schema = v.strictObject({
  traceEvents: v.pipe(
    v.array(v.variant('ph', [slice, mark, start, finish, metadata])),
    v.nonEmpty(),
  ),
  displayTimeUnit: v.picklist(['ms', 'ns']),
  otherData: v.record(v.string(), v.string()),
});

type File = v.InferOutput<typeof schema>;
type Events = File['traceEvents'];
const ofKind = <P extends Events[number]['ph']>(events: Events, ph: P) =>
  events.filter((event): event is Extract<Events[number], { ph: P }> => event.ph === ph);

/** Returns all faults of a trace file; an empty list for a valid one. */
export function traceFileFaults(file: unknown): string[] {
  const { success, output, issues } = v.safeParse(schema, file);
  if (!success) return issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
  const { traceEvents } = output;
  return [...nameFaults(traceEvents), ...sliceFaults(traceEvents), ...arrowFaults(traceEvents)];
}

function nameFaults(events: Events): string[] {
  const named = ofKind(events, 'M').filter(({ name }) => name === 'thread_name');
  const names = new Set(named.map(({ tid }) => tid));
  const faults = ofKind(events, 'X')
    .filter(({ tid }) => !names.has(tid))
    .map(({ name, tid }) => `${name}: thread ${tid} has no name`);
  const processes = ofKind(events, 'M').filter(({ name }) => name === 'process_name').length;
  return processes === 1 ? faults : [...faults, `${processes} names of the process`];
}

/** A thread makes one call at a time. */
function sliceFaults(events: Events): string[] {
  const ends = new Map<number, number>();
  const faults: string[] = [];
  for (const { name, tid, ts, dur } of ofKind(events, 'X').sort((a, b) => a.ts - b.ts)) {
    if (ts < (ends.get(tid) ?? 0)) faults.push(`${name} at ${ts}: the previous call has not ended`);
    ends.set(tid, ts + dur);
  }
  return faults;
}

function arrowFaults(events: Events): string[] {
  const slices = ofKind(events, 'X');
  const isInside = ({ tid, ts }: { tid: number; ts: number }) =>
    slices.some((each) => each.tid === tid && each.ts <= ts && ts <= each.ts + each.dur);
  const starts = new Map(ofKind(events, 's').map((event) => [event.id, event]));
  const finishes = ofKind(events, 'f');
  const faults = [...starts.values(), ...finishes]
    .filter((event) => !isInside(event))
    .map((event) => `arrow ${event.id}: its ${event.ph} is in no slice`);
  for (const { id: number, ts } of finishes) {
    const from = starts.get(number);
    if (from === undefined) faults.push(`arrow ${number}: it has no start`);
    else if (from.ts > ts) faults.push(`arrow ${number}: ends before it starts`);
  }
  if (starts.size !== finishes.length)
    faults.push(`${starts.size} starts, ${finishes.length} ends`);
  return faults;
}
