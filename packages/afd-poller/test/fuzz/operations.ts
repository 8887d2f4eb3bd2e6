import { Readiness } from 'afd-poller';
import type { Choices } from 'test-kit';
import type { ModelPoller } from './poller-model.js';
import type { ModelSocket } from './registration-model.js';
import type { ModelInterest } from './rules.js';
import { count } from './situations.js';
import type { World } from './world.js';

interface Kind {
  /** The relative frequency of the operation. */
  readonly weight: number;
  readonly run: (world: World, choices: Choices) => void;
}

const modes = ['level', 'level', 'oneshot', 'edge'] as const;
const usual = [
  Readiness.readable,
  Readiness.writable,
  Readiness.readable | Readiness.writable,
  Readiness.readable | Readiness.localClosed,
  Readiness.connected | Readiness.readable,
  Readiness.connected | Readiness.writable | Readiness.localClosed,
  Readiness.readClosed,
  0,
] as const;

function someWant(choices: Choices, { skt }: ModelSocket): ModelInterest {
  const mode = choices.pick(modes);
  if (choices.chance(0.3)) return { bits: choices.below(0x80), mode };
  const bits = skt.kind === 'listener' ? Readiness.accept : choices.pick(usual);
  return { bits: bits | (choices.chance(0.2) ? Readiness.priority : 0), mode };
}

const streams = (world: World) => world.sockets.ofKind('client', 'accepted');

/** Runs a function with a random item of a list, if the list is not empty. */
function withOne<T>(choices: Choices, list: readonly T[], run: (one: T) => void): void {
  if (list.length > 0) run(choices.pick(list));
}

const withPoller = (world: World, choices: Choices, run: (poller: ModelPoller) => void) =>
  withOne(choices, world.pollers, run);

function withRegistration(
  world: World,
  choices: Choices,
  run: (...found: [ModelPoller, NonNullable<ReturnType<ModelPoller['bySocket']['get']>>]) => void,
): void {
  withPoller(world, choices, (poller) =>
    withOne(choices, [...poller.bySocket.values()], (registration) => run(poller, registration)),
  );
}

/** Closes a socket, with or without removing it from its pollers first. */
function close(world: World, choices: Choices, isHard: boolean): void {
  withOne(choices, world.sockets.list, (socket) => {
    const isRemoved = choices.chance(0.4);
    if (isHard && socket.skt.kind !== 'listener' && socket.skt.kind !== 'datagram') {
      socket.skt.abortOnClose();
    }
    for (const poller of world.pollers) {
      const registration = poller.bySocket.get(socket);
      if (registration === undefined) continue;
      if (isRemoved) poller.remove(registration);
      else poller.closed(registration);
    }
    world.sockets.close(socket);
  });
}

function wait(world: World, choices: Choices): void {
  withPoller(world, choices, (poller) => {
    const isSure = poller.wakes.must !== 0 || poller.posts.length > 0;
    const times = [0, 0, 0, 0.1, 1, 4];
    if (isSure) times.push(Number.POSITIVE_INFINITY);
    world.wait(poller, choices.pick(times), choices.pick(poller.lists), choices);
  });
}

/** Schedules a wake or a post by another thread, perhaps during a wait. */
function later(world: World, choices: Choices): void {
  withPoller(world, choices, (poller) => {
    const isWake = choices.chance(0.6);
    const bits = 1 << choices.below(31);
    world.sim.at(world.sim.nowMs() + choices.below(60) / 10, () => {
      if (!poller.remote.isOpen) return;
      if (isWake) poller.wake(bits, true);
      else poller.post(choices, true);
    });
  });
}

/** All operations of a world. */
export const operations = {
  connect: {
    weight: 8,
    run: (world, choices) => {
      if (world.sockets.isFull) close(world, choices, false);
      else {
        const outcome = world.sockets.connect(world.sockets.client(choices));
        if (outcome === 'done') count(world.situations, 'connect that succeeds at once');
      }
    },
  },
  finishConnect: {
    weight: 3,
    run: (world, choices) =>
      withOne(choices, world.sockets.ofKind('client'), (one) => world.sockets.finishConnect(one)),
  },
  accept: {
    weight: 6,
    run: (world, choices) => {
      if (world.sockets.isFull) return close(world, choices, false);
      withOne(choices, world.sockets.ofKind('listener'), (one) => world.sockets.accept(one));
    },
  },
  listener: {
    weight: 1,
    run: (world, choices) => {
      if (!world.sockets.isFull) world.sockets.listener(choices);
    },
  },
  udp: {
    weight: 1,
    run: (world) => {
      if (!world.sockets.isFull) world.sockets.udp();
    },
  },
  send: {
    weight: 8,
    run: (world, choices) =>
      withOne(choices, world.sockets.ofKind('client', 'accepted', 'datagram'), (one) =>
        world.sockets.send(one, 1 + choices.below(200)),
      ),
  },
  sendUrgent: {
    weight: 1,
    run: (world, choices) =>
      withOne(choices, streams(world), (one) => world.sockets.send(one, 1, true)),
  },
  receive: {
    weight: 6,
    run: (world, choices) =>
      withOne(choices, world.sockets.ofKind('client', 'accepted', 'datagram'), (one) => {
        const flags = choices.pick([{}, {}, {}, { peek: true }, { oob: true }]);
        world.sockets.receive(
          one,
          1 + choices.below(300),
          one.skt.kind === 'datagram' ? {} : flags,
        );
      }),
  },
  drain: {
    weight: 3,
    run: (world, choices) =>
      withOne(choices, world.sockets.ofKind('client', 'accepted', 'datagram'), (one) =>
        world.sockets.drain(one),
      ),
  },
  shutdown: {
    weight: 1,
    run: (world, choices) =>
      withOne(choices, streams(world), (one) =>
        world.sockets.shutdown(one, choices.pick(['send', 'send', 'receive', 'both'])),
      ),
  },
  close: { weight: 4, run: (world, choices) => close(world, choices, false) },
  closeHard: { weight: 2, run: (world, choices) => close(world, choices, true) },
  add: {
    weight: 14,
    run: (world, choices) =>
      withPoller(world, choices, (poller) => {
        const free = world.sockets.list.filter((socket) => !poller.bySocket.has(socket));
        withOne(choices, free, (socket) => poller.add(socket, someWant(choices, socket)));
      }),
  },
  modify: {
    weight: 8,
    run: (world, choices) =>
      withRegistration(world, choices, (poller, registration) =>
        poller.modify(registration, someWant(choices, registration.socket), choices.chance(0.3)),
      ),
  },
  remove: {
    weight: 5,
    run: (world, choices) =>
      withRegistration(world, choices, (poller, registration) => {
        poller.remove(registration);
        // The old request is not complete yet.
        if (choices.chance(0.5)) {
          poller.add(registration.socket, someWant(choices, registration.socket));
        }
      }),
  },
  wait: { weight: 24, run: wait },
  wake: {
    weight: 3,
    run: (world, choices) =>
      withPoller(world, choices, (poller) =>
        poller.wake(1 + choices.below(0xffff), choices.chance(0.5)),
      ),
  },
  post: {
    weight: 2,
    run: (world, choices) =>
      withPoller(world, choices, (poller) => poller.post(choices, choices.chance(0.5))),
  },
  replay: {
    weight: 3,
    run: (world, choices) =>
      withPoller(world, choices, (poller) => {
        if (poller.replay(choices)) count(world.situations, 'packet of an earlier poll');
      }),
  },
  changeRemotely: {
    weight: 2,
    run: (world, choices) =>
      withRegistration(world, choices, (poller, registration) =>
        poller.changeRemotely(registration, someWant(choices, registration.socket)),
      ),
  },
  later: { weight: 2, run: later },
  network: {
    weight: 4,
    run: (world, choices) => {
      const kind = choices.below(4);
      if (kind === 0) world.sim.deliver();
      else if (kind === 1) world.sim.advance(choices.pick([0.1, 1, 5, 2_500]));
      else world.sim.step();
    },
  },
  settle: { weight: 2, run: (world, choices) => world.settle(choices) },
  replacePoller: {
    weight: 0.4,
    run: (world, choices) => {
      withPoller(world, choices, (poller) => world.closePoller(poller));
      world.addPoller();
    },
  },
} as const satisfies Record<string, Kind>;

export type OperationName = keyof typeof operations;

/** An operation, and the seed of its random choices. */
export type Operation = readonly [name: OperationName, seed: number];

const table = (Object.keys(operations) as OperationName[]).flatMap((name) =>
  Array.from({ length: operations[name].weight * 5 }, () => name),
);

export function someOperation(choices: Choices): Operation {
  return [choices.pick(table), choices.bits32()];
}

export const operationNames = Object.keys(operations) as OperationName[];
