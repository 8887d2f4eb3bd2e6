// Calls every method wrongly, one case after another, in a process of its own. What a case opens
// is closed afterwards; nothing may be left open then.
import { nativeMemory, ntKernel } from 'ntdllx';
import { eventually } from 'test-kit/eventually';
import { serveMisuses } from 'test-kit/misuse-child';
import {
  formatAddress,
  formatAddressHeader,
  parseAddress,
  parseAddressHeaders,
  resolveAddress,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
  udsPathState,
} from 'tofu-sockets';
import { NativeSkt, winsockUsers } from 'tofu-sockets/internal';

const creator = new SocketCreator();
const bytes = () => new Uint8Array(8);
const opened = [];
const keep = (skt) => {
  opened.push(skt);
  return skt;
};
const open = (address, options) => keep(creator.fromAddress(address, options));
const listener = () => open(new TCPServerAddress());
const datagram = () => open(new UDPAddress());
const idle = () => open(new TCPClientAddress('127.0.0.1', 9));

async function connection() {
  const server = listener();
  const client = open(new TCPClientAddress('127.0.0.1', server.localEndpoint().port));
  client.connect();
  keep(await eventually(() => server.accept()));
  await eventually(() => client.finishConnect());
  return client;
}

function detached() {
  const view = bytes();
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** A Uint8Array whose overridden length is larger than the real one. */
class Overlong extends Uint8Array {
  get byteLength() {
    return 60_000;
  }
  get length() {
    return 60_000;
  }
  subarray() {
    return { byteLength: 2 ** 30 };
  }
}

const good = { host: '127.0.0.1', port: 9 };
const circular = {};
circular.self = circular;
const hostile = {
  toString() {
    throw new Error('called');
  },
};
const wrongNumbers = [Number.NaN, Infinity, -1, 2 ** 31, 2 ** 53, 1.5, '1', null, 1n];

/** name -> [expected code, what to do, whether it needs Windows] */
const misuses = new Map();
const add = (code, name, misuse) => misuses.set(name, [code, misuse, true]);
const addAnywhere = (code, name, misuse) => misuses.set(name, [code, misuse, false]);

/**
 * By method: a function that makes a suitable socket, the call, and one that makes a wrong kind.
 */
const calls = {
  accept: [listener, (skt) => skt.accept(), connection],
  connect: [idle, (skt) => skt.connect(), listener],
  connectTo: [datagram, (skt) => skt.connectTo(good), connection],
  finishConnect: [idle, (skt) => skt.finishConnect(), datagram],
  send: [connection, (skt) => skt.send(bytes()), listener],
  recv: [connection, (skt) => skt.recv(bytes()), datagram],
  sendTo: [datagram, (skt) => skt.sendTo(bytes(), good), connection],
  recvFrom: [datagram, (skt) => skt.recvFrom(bytes()), connection],
  shutdown: [connection, (skt) => skt.shutdown('send'), listener],
  abortOnClose: [connection, (skt) => skt.abortOnClose(), datagram],
  getOption: [listener, (skt) => skt.getOption('keepAlive')],
  setOption: [listener, (skt) => skt.setOption('keepAlive', true)],
  localEndpoint: [listener, (skt) => skt.localEndpoint()],
  peerEndpoint: [connection, (skt) => skt.peerEndpoint()],
  baseHandle: [listener, (skt) => skt.baseHandle()],
  watch: [listener, (skt) => skt.watch({})],
  socket: [listener, (skt) => skt.socket],
};
for (const [name, [make, call, wrongKind]] of Object.entries(calls)) {
  add('ERR_SKT_CLOSED', `${name} after close`, async () => {
    const skt = await make();
    skt.close();
    return call(skt);
  });
  addAnywhere('ERR_SKT_ARGUMENT', `${name} of a forged socket`, () =>
    call(Object.create(NativeSkt.prototype)),
  );
  if (wrongKind === undefined) continue;
  add('ERR_SKT_KIND', `${name} of the wrong kind`, async () => call(await wrongKind()));
}
for (const name of ['close', 'isOpen', 'unwatch']) {
  addAnywhere('ERR_SKT_ARGUMENT', `${name} of a forged socket`, () => {
    const forged = Object.create(NativeSkt.prototype);
    return name === 'isOpen' ? forged.isOpen : forged[name]({});
  });
}
add('ERR_SKT_ARGUMENT', 'send without its socket', async () => {
  const { send } = await connection();
  return send(bytes());
});
add('ERR_SKT_CLOSED', 'accept after closing twice', () => {
  const skt = listener();
  skt.close();
  skt.close();
  return skt.accept();
});
add('ERR_SKT_STATE', 'connect twice', () => {
  const skt = idle();
  skt.connect();
  return skt.connect();
});
add('ERR_SKT_STATE', 'finishConnect before connect', () => idle().finishConnect());
add('ERR_WSA', 'recv before connect', () => idle().recv(bytes()));
add('ERR_WSA', 'send after own shutdown, twice', async () => {
  const skt = await connection();
  skt.shutdown('send');
  skt.shutdown('send');
  return skt.send(bytes());
});

const notBytes = {
  nothing: undefined,
  null: null,
  NaN: Number.NaN,
  '2^53': 2 ** 53,
  'a text': 'x',
  'an array': [1],
  'a Float64Array': new Float64Array(2),
  'an ArrayBuffer': new ArrayBuffer(8),
  'a DataView': new DataView(new ArrayBuffer(8)),
  'a forged array': Object.create(Uint8Array.prototype),
  'a proxy': new Proxy(new Uint8Array(8), {}),
  'a detached array': detached(),
};
for (const [name, value] of Object.entries(notBytes)) {
  add('ERR_SKT_ARGUMENT', `send ${name}`, async () => (await connection()).send(value));
}
for (const name of ['null', 'a forged array', 'a detached array']) {
  add('ERR_SKT_ARGUMENT', `recv into ${name}`, async () =>
    (await connection()).recv(notBytes[name]),
  );
  add('ERR_SKT_ARGUMENT', `sendTo ${name}`, () => datagram().sendTo(notBytes[name], good));
  add('ERR_SKT_ARGUMENT', `recvFrom into ${name}`, () => datagram().recvFrom(notBytes[name]));
}
add('ERR_SKT_ARGUMENT', 'recv into an empty array', async () =>
  (await connection()).recv(new Uint8Array(0)),
);
add('ERR_SKT_ARGUMENT', 'sendTo more than 64 KiB', () =>
  datagram().sendTo(new Uint8Array(2 ** 20), good),
);
add('ERR_WSA', 'sendTo with more bytes than UDP allows', () =>
  datagram().sendTo(new Uint8Array(65_530), good),
);
add('ERR_WSA', 'recv into an array with an overridden length', () => idle().recv(new Overlong(1)));
add('ERR_SKT_CLOSED', 'recv into an array with an overridden length, then close', async () => {
  const skt = await connection();
  skt.send(new Overlong(3));
  skt.close();
  return skt.recv(new Overlong(3));
});

const flags = {
  null: null,
  'a number': 5,
  'oob NaN': { oob: Number.NaN },
  'peek text': { peek: 'x' },
};
for (const [name, value] of Object.entries(flags)) {
  const receive = async () => (await connection()).recv(bytes(), value);
  add('ERR_SKT_ARGUMENT', `recv with flags ${name}`, receive);
}
add('ERR_SKT_ARGUMENT', 'send with peek', async () =>
  (await connection()).send(bytes(), { peek: true }),
);
for (const [name, call] of Object.entries({ send: 'send', recv: 'recv' })) {
  add('ERR_SKT_CLOSED', `${name} with flags that close the socket`, async () => {
    const skt = await connection();
    const closing = {
      get oob() {
        skt.close();
        return false;
      },
    };
    return skt[call](bytes(), closing);
  });
}

const notPeers = {
  null: null,
  nothing: undefined,
  'a text': '127.0.0.1:80',
  'no host': { port: 1 },
  'a name': { host: 'localhost', port: 1 },
  'another family': { host: '::1', port: 1 },
  'a zone by name': { host: 'fe80::1%eth0', port: 1 },
  'host 1n': { host: 1n, port: 1 },
  'a circle': circular,
  'port 0': { host: '127.0.0.1', port: 0 },
  'port NaN': { host: '127.0.0.1', port: Number.NaN },
  'port 2^53': { host: '127.0.0.1', port: 2 ** 53 },
  'port Symbol': { host: '127.0.0.1', port: Symbol('x') },
};
for (const [name, value] of Object.entries(notPeers)) {
  add('ERR_ADDRESS', `sendTo to ${name}`, () => datagram().sendTo(bytes(), value));
}
for (const name of ['null', 'another family', 'port 0']) {
  add('ERR_ADDRESS', `connectTo ${name}`, () => datagram().connectTo(notPeers[name]));
}
add('ERR_SKT_CLOSED', 'sendTo to an endpoint that closes the socket', () => {
  const skt = datagram();
  const closing = {
    host: '127.0.0.1',
    get port() {
      skt.close();
      return 9;
    },
  };
  return skt.sendTo(bytes(), closing);
});

const notNames = {
  null: null,
  NaN: Number.NaN,
  toString: 'toString',
  Symbol: Symbol('x'),
  hostile,
};
for (const [name, value] of Object.entries(notNames)) {
  add('ERR_SKT_ARGUMENT', `shutdown ${name}`, async () => (await connection()).shutdown(value));
}
add('ERR_SKT_ARGUMENT', 'getOption toString', () => listener().getOption('toString'));
add('ERR_SKT_ARGUMENT', 'getOption of a hostile object', () => listener().getOption(hostile));
add('ERR_SKT_ARGUMENT', 'setOption null', () => listener().setOption(null, 1));
for (const value of wrongNumbers) {
  const name = `setOption receiveBufferBytes to ${String(value)} ${typeof value}`;
  add('ERR_SKT_ARGUMENT', name, () => listener().setOption('receiveBufferBytes', value));
}
add('ERR_SKT_ARGUMENT', 'setOption noDelay to 1', () => idle().setOption('noDelay', 1));
add('ERR_SKT_ARGUMENT', 'setOption noDelay to a hostile object', () =>
  idle().setOption('noDelay', hostile),
);
add('ERR_WSA', 'getOption of another protocol', () => datagram().getOption('noDelay'));
add('ERR_SKT_ARGUMENT', 'watch null', () => listener().watch(null));
add('ERR_SKT_ARGUMENT', 'watch with a number as onClose', () => listener().watch({ onClose: 5 }));

const notAddresses = {
  nothing: undefined,
  null: null,
  'a text': 'tcp|127.0.0.1|80',
  'an object with the same properties': { kind: 'tcp-server', host: '127.0.0.1', port: 0 },
  'an object with the same prototype': Object.create(TCPServerAddress.prototype),
  'a proxy': new Proxy(new TCPServerAddress(), {}),
  'a name': new TCPClientAddress('localhost', 80),
};
for (const [name, value] of Object.entries(notAddresses)) {
  addAnywhere('ERR_ADDRESS', `fromAddress ${name}`, () => creator.fromAddress(value));
}
for (const name of [
  'null',
  'an object with the same properties',
  'an object with the same prototype',
]) {
  addAnywhere('ERR_ADDRESS', `formatAddress ${name}`, () => formatAddress(notAddresses[name]));
  addAnywhere('ERR_ADDRESS', `formatAddressHeader ${name}`, () =>
    formatAddressHeader(notAddresses[name]),
  );
  addAnywhere('ERR_ADDRESS', `resolveAddress ${name}`, () => resolveAddress(notAddresses[name]));
  addAnywhere('ERR_ADDRESS', `removeStale ${name}`, () => creator.removeStale(notAddresses[name]));
}
addAnywhere('ERR_ADDRESS', 'formatAddress of UDP', () => formatAddress(new UDPAddress()));
addAnywhere('ERR_ADDRESS', 'resolveAddress of a server', () =>
  resolveAddress(new TCPServerAddress()),
);
addAnywhere('ERR_ADDRESS', 'removeStale of TCP', () => creator.removeStale(new TCPServerAddress()));
addAnywhere('ERR_SKT_ARGUMENT', 'parseAddress null', () => parseAddress(null, 'client'));
addAnywhere('ERR_SKT_ARGUMENT', 'parseAddress of an invalid side', () =>
  parseAddress('uds|x', hostile),
);
addAnywhere('ERR_SKT_ARGUMENT', 'parseAddressHeaders NaN', () => parseAddressHeaders(Number.NaN));
for (const [name, Kind] of Object.entries({ TCPServerAddress, TCPClientAddress, UDPAddress })) {
  for (const host of [
    null,
    Number.NaN,
    Symbol('x'),
    hostile,
    'fe80::1%eth0',
    '1.2.3',
    'x'.repeat(1e6),
  ]) {
    const given = typeof host === 'string' ? host.slice(0, 20) : typeof host;
    addAnywhere(
      'ERR_ADDRESS',
      `${name} of host ${given} ${host === null}`,
      () => new Kind(host, 80),
    );
  }
  addAnywhere('ERR_ADDRESS', `${name} of port Symbol`, () => new Kind('127.0.0.1', Symbol('x')));
  addAnywhere('ERR_ADDRESS', `${name} of port 2^53`, () => new Kind('127.0.0.1', 2 ** 53));
}
for (const [name, Kind] of Object.entries({ UDSServerAddress, UDSClientAddress })) {
  addAnywhere('ERR_ADDRESS', `${name} of null`, () => new Kind(null));
  addAnywhere('ERR_ADDRESS', `${name} of half a character`, () => new Kind('\ud800'));
  addAnywhere('ERR_ADDRESS', `${name} of 108 bytes`, () => new Kind('x'.repeat(108)));
}
addAnywhere('ERR_ADDRESS', 'udsPathState of a zero', () => udsPathState('a\0b'));
add('ERR_SKT_UNSUPPORTED', 'a server on AF_UNIX without AF_UNIX', () =>
  creator.fromAddress(new UDSServerAddress('x')),
);
add('ERR_SKT_UNSUPPORTED', 'removeStale without AF_UNIX', () =>
  creator.removeStale(new UDSServerAddress('x')),
);

const fromServer = (options) => creator.fromAddress(new TCPServerAddress(), options);
for (const value of wrongNumbers) {
  if (value === 2 ** 31 || value === 1.5 || value === 1n || value === null || value < 0) {
    addAnywhere('ERR_SKT_ARGUMENT', `backlog ${String(value)}`, () =>
      fromServer({ backlog: value }),
    );
  }
}
addAnywhere('ERR_SKT_ARGUMENT', 'options null', () => fromServer(null));
addAnywhere('ERR_SKT_ARGUMENT', 'options of options null', () => fromServer({ options: null }));
addAnywhere('ERR_SKT_ARGUMENT', 'options that are not an object', () =>
  fromServer({ options: { speed: 1 } }),
);
add('ERR_SKT_ARGUMENT', 'an option with a wrong value', () =>
  fromServer({ options: { v6Only: 1 } }),
);
addAnywhere('ERR_SKT_ARGUMENT', 'local for a server', () => fromServer({ local: good }));
addAnywhere('ERR_SKT_ARGUMENT', 'backlog for a client', () =>
  creator.fromAddress(new TCPClientAddress(), { backlog: 1 }),
);
addAnywhere('ERR_SKT_ARGUMENT', 'local of another family', () =>
  creator.fromAddress(new TCPClientAddress(), { local: { host: '::1', port: 0 } }),
);
addAnywhere('ERR_SKT_ARGUMENT', 'reportUnreachable for TCP', () =>
  fromServer({ reportUnreachable: true }),
);
addAnywhere('ERR_SKT_ARGUMENT', 'reportUnreachable NaN', () =>
  creator.fromAddress(new UDPAddress(), { reportUnreachable: Number.NaN }),
);
add('ERR_WSA', 'an address of another host', () =>
  creator.fromAddress(new TCPServerAddress('192.0.2.1')),
);
addAnywhere('ERR_ADDRESS', 'findFreeTcpPort of a name', () => creator.findFreeTcpPort('localhost'));
addAnywhere('ERR_SKT_ARGUMENT', 'fromAddress without its creator', () => {
  const { fromAddress } = creator;
  return fromAddress(new TCPServerAddress());
});
addAnywhere('ERR_SKT_ARGUMENT', 'findFreeTcpPort of a forged creator', () =>
  Object.create(SocketCreator.prototype).findFreeTcpPort(),
);
addAnywhere('ERR_SKT_ARGUMENT', 'Skt without arguments', () => new NativeSkt());
addAnywhere('ERR_SKT_ARGUMENT', 'Skt of an unknown kind', () => new NativeSkt(ntKernel, 4, 'pipe'));
for (const value of [Number.NaN, null, hostile, -1, 2 ** 53, 2n ** 64n]) {
  const given = typeof value === 'object' ? String(value === null) : String(value);
  addAnywhere(
    'ERR_SKT_ARGUMENT',
    `Skt of socket ${given}`,
    () => new NativeSkt(ntKernel, value, 'client'),
  );
}
add(
  'ERR_WSA',
  'Skt of a number that is not a socket',
  () => new NativeSkt(ntKernel, 0x7ffffff0, 'client'),
);

export const cases = [...misuses].map(([name, [code, run, isNative]]) => {
  return { name, code, isNative, run };
});

await serveMisuses(cases, () => {
  for (const skt of opened.splice(0)) skt.close();
  const left = { users: winsockUsers(ntKernel), blocks: nativeMemory().blocks };
  return Object.values(left).some((count) => count > 0) ? JSON.stringify(left) : '';
});
