import { once } from 'node:events';
import type { AddressInfo, Server as NodeServer, Socket as NodeSocket } from 'node:net';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';

/** What a script uses of `node:net`, and of its counterpart. */
export interface Transport {
  createServer(options: object, onConnection: (socket: NodeSocket) => void): NodeServer;
  connect(options: object): NodeSocket;
}

/** Who acts: the connecting socket, or the accepted one. */
type Side = 'client' | 'server';

const acts = {
  end: (socket: NodeSocket) => socket.end(),
  'end with text': (socket: NodeSocket) => socket.end('the end'),
  destroy: (socket: NodeSocket) => socket.destroy(),
  fail: (socket: NodeSocket) => socket.destroy(Object.assign(new Error('own'), { code: 'OWN' })),
  reset: (socket: NodeSocket) => socket.resetAndDestroy(),
  destroySoon: (socket: NodeSocket) => socket.destroySoon(),
  pause: (socket: NodeSocket) => socket.pause(),
  resume: (socket: NodeSocket) => socket.resume(),
  unref: (socket: NodeSocket) => socket.unref(),
  ref: (socket: NodeSocket) => socket.ref(),
  cork: (socket: NodeSocket) => {
    socket.cork();
    socket.write('a corked text');
    socket.write(Buffer.alloc(100));
    socket.uncork();
  },
  timeout: (socket: NodeSocket) => socket.setTimeout(2, () => socket.setTimeout(0)),
};

interface Step {
  readonly side: Side;
  readonly act: keyof typeof acts | number;
  /**
   * False: the next step follows in the same tick, if it is one of the same side. Between both
   * sides there would be a race, also on `node:net`.
   */
  readonly isAwaited: boolean;
}

/** What two connected sockets do. */
export interface Script {
  readonly halfOpen: { readonly client: boolean; readonly server: boolean };
  readonly isPaused: boolean;
  /** How many steps the client makes before it is connected. */
  readonly early: number;
  readonly steps: readonly Step[];
}

const side = fc.constantFrom<Side>('client', 'server');
/** A number of bytes to write, or another act. */
const act = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(1, 1_000, 70_000, 300_000) },
  { weight: 8, arbitrary: fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[])) },
);
const isAwaited = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false));

/** Any script. */
export const anyScript: fc.Arbitrary<Script> = fc.record({
  halfOpen: fc.record({ client: fc.boolean(), server: fc.boolean() }),
  isPaused: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  early: fc.constantFrom(0, 0, 0, 1, 2),
  steps: fc.array(fc.record({ side, act, isAwaited }), { minLength: 1, maxLength: 10 }),
});

/** The events of both sockets, and what they were like at the end. */
export type ScriptLog = Record<Side, string[]>;

const events = ['connect', 'ready', 'end', 'timeout', 'finish', 'drain', 'error', 'close'];

/** Runs a script on one transport. @param paceMs how long nothing must happen after a step. */
export async function runScript(
  { createServer, connect }: Transport,
  { halfOpen, isPaused, early, steps }: Script,
  paceMs: number,
): Promise<ScriptLog> {
  const log: ScriptLog = { client: [], server: [] };
  let count = 0;
  const quiet = async () => {
    for (let before = -1; before !== count; ) {
      before = count;
      await sleep(paceMs);
      await immediate();
      await immediate();
    }
  };
  const sockets: Partial<Record<Side, NodeSocket>> = {};
  const add = (from: Side, socket: NodeSocket) => {
    sockets[from] = socket;
    record(socket, (event) => {
      count += 1;
      push(log[from], event);
    });
  };
  const listen = { allowHalfOpen: halfOpen.server, pauseOnConnect: isPaused };
  const server = createServer(listen, (socket) => add('server', socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  add('client', connect({ port, host: '127.0.0.1', allowHalfOpen: halfOpen.client }));
  const perform = (step: Step) => {
    const socket = sockets[step.side];
    if (socket === undefined) return;
    push(log[step.side], `> ${step.act}`);
    run(socket, step.act, (event) => {
      count += 1;
      push(log[step.side], event);
    });
  };
  // A time-out of 2 ms would race with the connect, and with every step beside it: it happens alone.
  for (const step of steps.slice(0, early)) {
    if (step.act !== 'timeout') perform({ ...step, side: 'client' });
  }
  await quiet();
  for (const [index, step] of steps.entries()) {
    if (index < early) continue;
    const next = steps[index + 1];
    perform(step);
    const isAlone = [step.act, next?.act].includes('timeout');
    if (step.isAwaited || isAlone || next?.side !== step.side) await quiet();
  }
  await quiet();
  for (const from of ['client', 'server'] as const) {
    const socket = sockets[from];
    if (socket === undefined) continue;
    const hasFailed = log[from].some((event) => /^error .* write$|^written E/.test(event));
    log[from].push(describe(socket, hasFailed));
    socket.destroy();
  }
  await quiet();
  await once(server.close(), 'close');
  return log;
}

/** Adds an event. Bytes that arrive one after another are one event. */
function push(log: string[], event: string): void {
  const last = log.at(-1);
  if (event.startsWith('data ') && last?.startsWith('data ')) {
    log[log.length - 1] = `data ${Number(event.slice(5)) + Number(last.slice(5))}`;
  } else log.push(event);
}

function record(socket: NodeSocket, seen: (event: string) => void): void {
  for (const event of events) {
    socket.on(event, (first?: unknown) => {
      if (event === 'error') {
        const { code, syscall = '' } = first as NodeJS.ErrnoException;
        seen(`error ${code} ${syscall}`);
      } else seen(event === 'close' ? `close ${first}` : event);
    });
  }
  const data = (part: Buffer) => seen(`data ${part.length}`);
  // A listener of `data` would resume a socket that the server has paused.
  const isPaused = socket.isPaused();
  socket.on('data', data);
  if (isPaused) socket.pause();
}

function run(socket: NodeSocket, what: Step['act'], seen: (event: string) => void): void {
  if (typeof what !== 'number') {
    acts[what](socket);
    return;
  }
  socket.write(Buffer.alloc(what), (error?: Error | null) => {
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    seen(code === undefined ? 'written' : `written ${code}`);
  });
}

/**
 * What differs from `node:net` on purpose is left out:
 *
 * | what | why |
 * |---|---|
 * | `bytesWritten` after a failed write | `node:net` counts bytes whose send fails, but not text; here both count |
 *
 * @param hasFailed whether a write has failed.
 */
function describe(socket: NodeSocket, hasFailed: boolean): string {
  const { readyState, destroyed, bytesRead, pending, connecting } = socket;
  const bytesWritten = hasFailed ? undefined : socket.bytesWritten;
  const { readableEnded, writableEnded, writableFinished, writableLength } = socket;
  return JSON.stringify({
    readyState,
    destroyed,
    bytesRead,
    bytesWritten,
    pending,
    connecting,
    readableEnded,
    writableEnded,
    writableFinished,
    writableLength,
    isPaused: socket.isPaused(),
    hasAddress: [socket.localAddress, socket.remoteAddress],
  });
}
