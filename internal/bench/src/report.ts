import { microCalls } from './micro-row.js';
import type {
  CallsRow,
  CrowdRow,
  DelayRow,
  EngineRow,
  HttpRow,
  MemoryRow,
  NeighbourRow,
  Results,
  ShareRow,
  SilentRow,
  SpeedRow,
} from './results.js';
import { median, type Summary, summarize } from './statistics.js';
import { presetNames } from './subjects.js';
import { effects, fairness, http, workloads } from './workloads.js';

type Cell = string | number | undefined;

/**
 * Formats a number with three significant digits, thousands with a comma; a dash for undefined.
 */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (Math.abs(value) < 0.005) return '0';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  if (Math.abs(value) >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** A table in Markdown; all columns but the first are numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell) => (typeof cell === 'string' ? cell : figure(cell));
  const line = (cells: readonly Cell[]) => `| ${cells.map(text).join(' | ')} |`;
  const rule = `|${head.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const medianOf = (values: readonly number[]) => (values.length === 0 ? undefined : median(values));

function ratioText(values: readonly number[]): string {
  const { median: middle, low, high } = summarize(values);
  return `**${figure(middle)}** (${figure(low)}–${figure(high)})`;
}

function speedTable(rows: readonly SpeedRow[]): string {
  return markdownTable(
    [
      '',
      'to node:net',
      'per s',
      'MiB/s',
      'p50 µs',
      'p99 µs',
      'p99.9 µs',
      'p99 to node:net',
      'CPU µs',
      'wineserver µs',
    ],
    rows.map((row) => [
      row.label,
      ratioText(row.ratios),
      medianOf(row.rates),
      medianOf(row.mibs),
      // The messages of a stream have no latency.
      medianOf(row.p50us) || undefined,
      medianOf(row.p99us) || undefined,
      medianOf(row.p999us) || undefined,
      row.p99Ratios.length > 0 ? medianOf(row.p99Ratios) : undefined,
      medianOf(row.serverCpuUs),
      medianOf(row.wineserverCpuUs),
    ]),
  );
}

function shareTable(rows: readonly ShareRow[]): string {
  return markdownTable(
    ['', 'slowest', 'fastest', 'per s'],
    rows.map(({ label, slowest, fastest, rate }) => [label, slowest, fastest, rate]),
  );
}

function neighbourTable(rows: readonly NeighbourRow[]): string {
  return markdownTable(
    ['', 'p99, times as long', 'p99 alone µs', 'p99 with stream µs', 'stream MiB/s'],
    rows.map(({ label, ratios, p99Alone, p99Beside, streamMibs }) => [
      label,
      ratioText(ratios),
      medianOf(p99Alone),
      medianOf(p99Beside),
      medianOf(streamMibs),
    ]),
  );
}

function delayTable(rows: readonly DelayRow[]): string {
  const delay = (us: readonly number[], toBase: readonly number[]) =>
    `${figure(medianOf(us))}, ${ratioText(toBase)}`;
  return markdownTable(
    ['', 'timer p50 µs', 'timer p99 µs', 'readFile p50 µs', 'readFile p99 µs'],
    rows.map((row) => [
      `${row.workload} ${row.label}`,
      delay(row.timerP50us, row.timerP50Ratios),
      delay(row.timerP99us, row.timerP99Ratios),
      delay(row.readP50us, row.readP50Ratios),
      delay(row.readP99us, row.readP99Ratios),
    ]),
  );
}

function silentTable(rows: readonly SilentRow[]): string {
  return markdownTable(
    ['', 'rate, divided by that alone', 'per s alone', 'per s with silent'],
    rows.map((row) => [
      row.label,
      ratioText(row.ratios),
      medianOf(row.alone),
      medianOf(row.beside),
    ]),
  );
}

function crowdTable(rows: readonly CrowdRow[]): string {
  return markdownTable(
    ['', 'p99.9 to the engine', 'p99.9 µs'],
    rows.map(({ label, ratios, p999us }) => [label, ratioText(ratios), medianOf(p999us)]),
  );
}

function httpTable(rows: readonly HttpRow[]): string {
  return markdownTable(
    ['', 'to node:net', 'requests per s', 'p99 µs'],
    rows.map(({ label, ratios, rates, p99us }) => [
      label,
      ratioText(ratios),
      medianOf(rates),
      medianOf(p99us),
    ]),
  );
}

function callsTable(rows: readonly CallsRow[]): string {
  const names = [...new Set(rows.flatMap(({ calls }) => Object.keys(calls)))].sort();
  const total = ({ calls }: CallsRow) => Object.values(calls).reduce((sum, each) => sum + each, 0);
  return markdownTable(
    ['', 'all', ...names],
    rows.map((row) => [
      `${row.workload} ${row.label}`,
      total(row),
      ...names.map((name) => row.calls[name] ?? 0),
    ]),
  );
}

function memoryTable(rows: readonly MemoryRow[]): string {
  return markdownTable(
    ['', 'connections', 'heap', 'external', 'native', 'resident', 'wineserver resident'],
    rows.map((row) => [
      row.label,
      row.connections.toLocaleString('en-US'),
      row.heap,
      row.external,
      row.native,
      row.resident,
      row.wineserverResident,
    ]),
  );
}

/** A cost, and the wineserver's part of it, if there is one. */
function cost({ median: middle }: Summary, wineserver: number | undefined): string {
  return wineserver === undefined ? figure(middle) : `${figure(middle)} (${figure(wineserver)})`;
}

function microTable(rows: readonly EngineRow[]): string {
  return markdownTable(
    ['', 'sockets', 'arm', 'cancel', 'event', 'wake and wait', 'wait of 0'],
    rows.flatMap(({ preset, micro }) =>
      micro.map((row) => [
        preset,
        row.sockets.toLocaleString('en-US'),
        ...microCalls.map((call) => cost(row[call], row.wineserver?.[call])),
      ]),
    ),
  );
}

function eventsTable(rows: readonly EngineRow[]): string {
  const idle = Object.keys(rows[0]?.events.noCostNs ?? {});
  return markdownTable(
    [
      '',
      ...idle.map((count) => `${count} idle`),
      'at once',
      'flatness',
      'on sim-nt',
      'B/event',
      'B/wait',
    ],
    rows.map(({ preset, events }) => [
      preset,
      ...idle.map((count) => events.noCostNs[count]?.median),
      events.atOnceNs.median,
      events.flatness,
      events.simNtNs.median,
      events.allocation.bytesPerEvent,
      events.allocation.bytesPerWait,
    ]),
  );
}

function hostLine({ host, settings, date }: Results): string {
  const { pairs, seconds, generator, core } = settings;
  const parts = [
    date.slice(0, 10),
    `${host.cpu}, ${host.cores} cores`,
    host.system,
    host.wine,
    host.windowsNode === undefined ? undefined : `Windows Node ${host.windowsNode}`,
    `Node ${host.hostNode}`,
    host.commit === undefined ? undefined : `commit ${host.commit}`,
    `generator in ${generator === 'c' ? 'C' : 'Node'}`,
    core === undefined ? 'not pinned' : `all on core ${core}`,
    `${pairs} rounds of ${seconds} s`,
  ];
  return parts.filter((part) => part !== undefined).join('; ');
}

/** Formats the results in Markdown, for a README. Parts that were not measured are left out. */
export function report(results: Results): string {
  const { speed, foreignCalls, relayedNtCalls, memory, engine, notes } = results;
  const { shares = [], neighbours = [], delays = [], silent = [], crowds = [] } = results;
  const { http: requests = [] } = results;
  const parts = [hostLine(results)];
  const section = (title: string, text: string) => parts.push(`### ${title}`, text);
  for (const { id, title } of workloads) {
    const rows = speed.filter(({ workload }) => workload === id);
    if (rows.length > 0) section(`${id}: ${title}`, speedTable(rows));
  }
  if (shares.length > 0) section(`Fairness, F1: ${fairness.F1}`, shareTable(shares));
  if (neighbours.length > 0) section(`Fairness, F2: ${fairness.F2}`, neighbourTable(neighbours));
  if (delays.length > 0) {
    section('Delays of other work in microseconds, and compared with node:net', delayTable(delays));
  }
  if (silent.length > 0) section(`S1: ${effects.S1}`, silentTable(silent));
  if (crowds.length > 0) section(`S2: ${effects.S2}`, crowdTable(crowds));
  if (requests.length > 0) section(`H1: ${http.H1}`, httpTable(requests));
  if (foreignCalls.length > 0) {
    section('Foreign calls per message', callsTable(foreignCalls));
  }
  if (relayedNtCalls.length > 0) {
    section('NT calls per message, by Wine’s relay channel', callsTable(relayedNtCalls));
  }
  if (memory.length > 0) section('Bytes per idle connection', memoryTable(memory));
  const known = engine.filter(({ preset }) => presetNames.some((each) => each === preset));
  if (known.length > 0) {
    section(
      'One call of the engine, in µs (of which wineserver), by registered sockets',
      microTable(known),
    );
    section('JavaScript per event, without a kernel, in ns', eventsTable(known));
  }
  if (notes.length > 0) section('Notes', notes.map((note) => `- ${note}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}
