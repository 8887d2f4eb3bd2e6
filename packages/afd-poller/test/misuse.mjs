// Uses every call wrongly, one after another in a separate process. After each case everything
// that it opened is closed, and nothing may be left.
import { AfdPoller, PollEvents, PollerRemote, pollOnce, presets } from 'afd-poller';
import { createRemote, verifyPoller } from 'afd-poller/internal';
import { nativeMemory, ntKernel } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { serveMisuses } from 'test-kit/misuse-child';
import { TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { createSocketCreator, NativeSkt, winsockUsers } from 'tofu-sockets/internal';

// On a host without NT a simulated kernel is used. These calls are refused before they reach the
// kernel.
const sim = process.platform === 'win32' ? undefined : createSimNt({ seed: 1 });
const kernel = sim?.kernel ?? ntKernel;
const creator = createSocketCreator(kernel);
const opened = { remotes: [], pollers: [], skts: [] };
const keep = (skt) => {
  opened.skts.push(skt);
  return skt;
};
const listener = () => keep(creator.fromAddress(new TCPServerAddress()));
const idle = () => keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', 9)));
const newPoller = (options) => {
  const poller = new AfdPoller({ allowMainThread: true, kernel, ...options });
  opened.pollers.push(poller);
  return poller;
};
const newRemote = () => {
  const remote = createRemote(newPoller().remoteData(), kernel);
  opened.remotes.push(remote);
  return remote;
};
const closedPoller = () => {
  const poller = newPoller();
  poller.close();
  return poller;
};
const closedSkt = () => {
  const skt = idle();
  skt.close();
  return skt;
};
/** Creates a poller whose clock calls the poller again during a wait. */
const reentering = (call) => {
  let isInside = false;
  const poller = newPoller({
    now: () => {
      if (isInside) call(poller);
      return performance.now();
    },
  });
  isInside = true;
  try {
    return poller.wait(0);
  } finally {
    isInside = false;
  }
};
const once = (entries, timeoutMs) => pollOnce(entries, timeoutMs, { kernel });
const circular = {};
circular.self = circular;

const things = { null: null, undefined, number: 42, text: 'x', object: {}, array: [], circular };
const numbers = {
  NaN: Number.NaN,
  negative: -1,
  fraction: 1.5,
  huge: 2 ** 60,
  infinite: Number.POSITIVE_INFINITY,
  text: '1',
  bigint: 1n,
  symbol: Symbol('x'),
};
const interests = {
  null: null,
  undefined,
  text: 'readable',
  array: ['readable'],
  'a misspelt name': { readabel: true },
  'a number instead of true': { readable: 1 },
  'an unknown mode': { readable: true, mode: 'twice' },
  circular,
  'a value whose getter throws': {
    readable: {
      get [Symbol.toStringTag]() {
        throw new Error('the getter was run');
      },
    },
  },
};

/** name -> [expected code, function to call, whether the case makes calls of NT] */
const misuses = new Map();
const add = (code, name, misuse) => misuses.set(name, [code, misuse, false]);
const addNative = (code, name, misuse) => misuses.set(name, [code, misuse, true]);
const ARGUMENT = 'ERR_POLLER_ARGUMENT';
const CLOSED = 'ERR_POLLER_CLOSED';

for (const [name, value] of Object.entries(things)) {
  if (!['undefined', 'object', 'array'].includes(name)) {
    add(ARGUMENT, `new AfdPoller(${name})`, () => new AfdPoller(value));
  }
  add(ARGUMENT, `add(${name})`, () => newPoller().add(value, {}));
  add(ARGUMENT, `modify(${name})`, () => newPoller().modify(value, {}));
  add(ARGUMENT, `remove(${name})`, () => newPoller().remove(value));
  if (name !== 'undefined') add(ARGUMENT, `wait into ${name}`, () => newPoller().wait(0, value));
  add(ARGUMENT, `new PollerRemote(${name})`, () => new PollerRemote(value));
  add(ARGUMENT, `pollOnce(${name})`, () => once(value, 0));
  add(ARGUMENT, `pollOnce([${name}])`, () => once([value], 0));
}
for (const [name, value] of Object.entries(numbers)) {
  if (!['fraction', 'huge', 'infinite'].includes(name)) {
    add(ARGUMENT, `wait(${name})`, () => newPoller().wait(value));
    add(ARGUMENT, `pollOnce for ${name}`, () => once([{ skt: idle(), interest: {} }], value));
  }
  add(ARGUMENT, `wake(${name})`, () => newPoller().wake(value));
  add(ARGUMENT, `post(${name})`, () => newPoller().post(value));
  add(ARGUMENT, `post(1, ${name})`, () => newPoller().post(1, value));
  add(ARGUMENT, `new PollEvents(${name})`, () => new PollEvents(value));
  add(ARGUMENT, `requestsPerHandle: ${name}`, () => newPoller({ requestsPerHandle: value }));
  add(ARGUMENT, `socketsPerRequest: ${name}`, () => newPoller({ socketsPerRequest: value }));
  add(ARGUMENT, `closeLimitMs: ${name}`, () => newPoller({ closeLimitMs: value }));
}
for (const [name, value] of Object.entries(interests)) {
  add(ARGUMENT, `add with an interest: ${name}`, () => newPoller().add(idle(), value));
  add(ARGUMENT, `modify with an interest: ${name}`, () => {
    const [poller, skt] = [newPoller(), idle()];
    poller.add(skt, {});
    poller.modify(skt, value);
  });
  add(ARGUMENT, `remote.modify with an interest: ${name}`, () => {
    newRemote().modify(1, value);
  });
}
for (const [name, call] of Object.entries({
  add: (poller) => poller.add(idle(), {}),
  modify: (poller) => poller.modify(idle(), {}),
  remove: (poller) => poller.remove(idle()),
  wait: (poller) => poller.wait(0),
  wake: (poller) => poller.wake(),
  post: (poller) => poller.post(1),
  remoteData: (poller) => poller.remoteData(),
})) {
  addNative(CLOSED, `${name} of a closed poller`, () => call(closedPoller()));
  // Like a structured clone of a poller: an object with the methods of the class, but without its
  // private fields.
  const clone = Object.create(AfdPoller.prototype);
  add(ARGUMENT, `${name} of a copy, as another thread would have`, () => call(clone));
}
for (const name of ['inspect', 'has', 'close']) {
  add(ARGUMENT, `${name} of a copy`, () => AfdPoller.prototype[name].call({}, idle()));
}
add(ARGUMENT, 'verifyPoller of a copy', () => verifyPoller({}));
add(ARGUMENT, 'an unknown option', () => newPoller({ handel: 'afd' }));
add(ARGUMENT, 'an unknown handle option', () => newPoller({ handle: 'socket?' }));
add(ARGUMENT, 'several sockets per request on their own handles', () =>
  newPoller({ handle: 'socket', socketsPerRequest: 2 }),
);
add(ARGUMENT, 'an object that does not implement Kernel', () => newPoller({ kernel: {} }));
add(ARGUMENT, 'a clock that is not a function', () => newPoller({ now: 5 }));
add(ARGUMENT, 'a clock that throws', () =>
  newPoller({
    now: () => {
      throw new Error('no time');
    },
  }),
);
add(ARGUMENT, 'an option of a thousand keys', () =>
  newPoller({
    handle: Object.fromEntries(Array.from({ length: 1_000 }, (_, key) => [`k${key}`, 1])),
  }),
);
add(ARGUMENT, 'a clock that returns NaN', () => newPoller({ now: () => Number.NaN }));
addNative('ERR_SKT_ARGUMENT', 'a forged socket', () =>
  newPoller().add(Object.create(NativeSkt.prototype), {}),
);
addNative('ERR_SKT_CLOSED', 'a closed socket', () => newPoller().add(closedSkt(), {}));
addNative('ERR_SKT_CLOSED', 'pollOnce with a closed socket', () =>
  once([{ skt: closedSkt(), interest: {} }], 0),
);
for (const [name, preset] of Object.entries(presets)) {
  addNative(ARGUMENT, `a socket of another kernel [${name}]`, () => {
    const elsewhere = createSocketCreator(createSimNt({ seed: 2 }).kernel);
    const foreign = keep(elsewhere.fromAddress(new TCPServerAddress()));
    newPoller(preset).add(foreign, { accept: true });
  });
  addNative('ERR_ALREADY_REGISTERED', `add twice [${name}]`, () => {
    const [poller, skt] = [newPoller(preset), idle()];
    poller.add(skt, {});
    poller.add(skt, {});
  });
  addNative('ERR_NOT_REGISTERED', `modify a socket that was never added [${name}]`, () =>
    newPoller(preset).modify(idle(), {}),
  );
  addNative('ERR_NOT_REGISTERED', `remove twice [${name}]`, () => {
    const [poller, skt] = [newPoller(preset), idle()];
    poller.add(skt, {});
    poller.remove(skt);
    poller.remove(skt);
  });
  addNative('ERR_NOT_REGISTERED', `modify a closed socket [${name}]`, () => {
    const [poller, skt] = [newPoller(preset), idle()];
    poller.add(skt, {});
    skt.close();
    poller.modify(skt, {});
  });
}
addNative('ERR_OTHER_PORT', 'a socket of another poller [self]', () => {
  const skt = listener();
  newPoller(presets.self).add(skt, {});
  newPoller(presets.self).add(skt, {});
});
addNative('ERR_POLLER_MAIN_THREAD', 'a wait on the main thread', () =>
  newPoller({ allowMainThread: undefined }).wait(1),
);
addNative('ERR_POLLER_MAIN_THREAD', 'pollOnce on the main thread', () =>
  once([{ skt: idle(), interest: {} }], 1),
);
addNative('ERR_POLLER_REENTERED', 'a wait inside a wait', () =>
  reentering((poller) => poller.wait(0)),
);
addNative('ERR_POLLER_REENTERED', 'a close inside a wait', () =>
  reentering((poller) => poller.close()),
);
addNative(ARGUMENT, 'pollOnce with a socket twice', () => {
  const skt = idle();
  once(
    [skt, skt].map((each) => ({ skt: each, interest: {} })),
    0,
  );
});
addNative(ARGUMENT, 'pollOnce with a mode', () =>
  once([{ skt: idle(), interest: { mode: 'oneshot' } }], 0),
);
addNative(ARGUMENT, 'remote.modify with an invalid id', () => newRemote().modify(0, {}));
addNative(ARGUMENT, 'remote.remove with an invalid id', () => newRemote().remove(0));
addNative(ARGUMENT, 'remote.wake with NaN', () => newRemote().wake(Number.NaN));

export const cases = [...misuses].map(([name, [code, run, isNative]]) => {
  return { name, code, isNative, run };
});

await serveMisuses(cases, () => {
  for (const each of Object.values(opened).flatMap((list) => list.splice(0))) each.close();
  const left = {
    users: winsockUsers(kernel),
    blocks: sim?.memory.blocks ?? nativeMemory().blocks,
    handles: sim?.handles ?? 0,
    pending: sim?.pending ?? 0,
    violations: sim?.violations.length ?? 0,
  };
  return Object.values(left).some((count) => count > 0) ? JSON.stringify(left) : '';
});
