import { AFD_POLL_ABORT, AFD_POLL_ACCEPT, AFD_POLL_CONNECT_FAIL, AFD_POLL_DISCONNECT, AFD_POLL_LOCAL_CLOSE, AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { TCPClientAddress, TCPServerAddress, UDPAddress, wouldBlock, type Skt } from 'tofu-sockets';
import { afterEach, beforeEach, test } from 'vitest';
import { RawPoller, type Polled, type PollOptions } from './raw-poll.js';
import { closeAll, connectPair, creator, eventually, keep } from './sockets.js';
let p: RawPoller;
beforeEach(() => { p = new RawPoller(); });
afterEach(() => { p.close(); closeAll(); });
const all = 0x1ff;
import { writeSync } from 'node:fs'; import { inspect } from 'node:util';
const log = (...a: unknown[]) => writeSync(1, a.map((x) => typeof x === 'string' ? x : inspect(x)).join(' ') + '\n');
const sleep = (ms: number) => new Promise((d) => setTimeout(d, ms));
async function bits(s: Skt, mask = all, ms = 300) { const r = await p.poll(s, mask, ms); return r?.map((x) => `${x.events.toString(16)}/${x.status}`).join() ?? 'silent'; }
const tryIt = (f: () => unknown) => { try { return f(); } catch (e) { return (e as Error).message; } };
test('N12', async () => {
  const event = CreateEventA(0, 1, 0, 0);
  const { client } = await connectPair();
  const closed = creator.fromAddress(new UDPAddress()); const was = Number(closed.socket); closed.close();
  const cases: [string, Polled | Polled[], PollOptions?][] = [['event', event], ['garbage', 0xdeadbeec], ['garbage2', 0x7fff_fff0], ['zero', 0], ['invalid', 0xffff_ffff_ffff_ffffn], ['closed', was], ['short8', client, { shortBytes: 8 }], ['short16', client, { shortBytes: 16 }], ['short1', client, { shortBytes: 1 }], ['none', [], {}], ['count0', client, { count: 0 }], ['count2', client, {count: 2}], ['port', p.port]];
  for (const [n, h, o] of cases) {
    const { poll, status } = p.arm(h, AFD_POLL_SEND, o);
    const packet = p.next(100);
    log('N12', n, status, packet?.status, packet?.information, poll.memory ? tryIt(() => poll.output.NumberOfHandles) : '');
    tryIt(() => p.end(poll));
  }
  log('still', await bits(client));
  CloseHandle(event);
});
test('C10', async () => {
  const l = keep(creator.fromAddress(new TCPServerAddress(), { backlog: 1 }));
  const to = new TCPClientAddress('127.0.0.1', l.localEndpoint().port);
  const cs = Array.from({ length: 12 }, () => { const c = keep(creator.fromAddress(to)); return [c, c.connect()] as const; });
  await sleep(200);
  const st = async () => (await Promise.all(cs.map(async ([c]) => tryIt(() => String(c.finishConnect()))))).join(' ');
  log('C10', await st());
  for (const [c] of cs) log(await bits(c, all, 30));
  const t = performance.now();
  for (let i = 0; i < 12; i++) { keep(await eventually(() => l.accept())); log('acc', i, performance.now() - t | 0); }
  log(await st());
});
test('H', async () => {
  { const { client, server } = await connectPair(); client.shutdown('send'); log('H04', tryIt(() => client.send(Buffer.from('x'))), await bits(client, all & ~0x44), await bits(client, all)); server.send(Buffer.from('ab')); await sleep(50); log(client.recv(new Uint8Array(5)), await bits(client)); }
  { const { client, server } = await connectPair(); client.shutdown('receive'); log('H05', await bits(client, all & ~0x44), await bits(client), tryIt(() => client.recv(new Uint8Array(5)))); server.send(Buffer.from('zz')); await sleep(50); log('H05 after data', await bits(client, all & ~0x44), tryIt(() => String(client.recv(new Uint8Array(5))))); }
  { const { client, server } = await connectPair(); client.shutdown('send'); server.close(); log('H06 clean', await bits(client, AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE), await bits(client)); }
  { const { client, server } = await connectPair(); client.send(Buffer.from('unread')); client.shutdown('send'); await sleep(50); server.close(); log('H06 rst', await bits(client, AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE), await bits(client), tryIt(() => String(client.recv(new Uint8Array(5))))); }
  { const { client, server } = await connectPair(); client.send(Buffer.from('x')); client.shutdown('send'); await sleep(50); log('H02', await bits(server, AFD_POLL_DISCONNECT)); server.recv(new Uint8Array(9)); log('H02 read', await bits(server, AFD_POLL_DISCONNECT)); }
});
test('X', async () => {
  { const { client, server } = await connectPair(); client.abortOnClose(); client.close(); await sleep(50); log('X03', await bits(server, 0), await bits(server, AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE)); log('X01 recv', tryIt(() => String(server.recv(new Uint8Array(1)))), tryIt(() => String(server.recv(new Uint8Array(1)))), await bits(server)); }
  { const { client, server } = await connectPair(); client.send(Buffer.from('unread')); await sleep(50); server.close(); await sleep(50); log('X05', await bits(client), tryIt(() => String(client.recv(new Uint8Array(1)))), tryIt(() => String(client.recv(new Uint8Array(1)))), await bits(client)); }
  { const { client, server } = await connectPair(); client.send(Buffer.from('data')); client.abortOnClose(); client.close(); await sleep(50); log('X06', await bits(server), tryIt(() => String(server.recv(new Uint8Array(9)))), tryIt(() => String(server.recv(new Uint8Array(9)))), await bits(server)); }
});
test('A', async () => {
  const l = keep(creator.fromAddress(new TCPServerAddress()));
  const to = new TCPClientAddress('127.0.0.1', l.localEndpoint().port);
  const c = keep(creator.fromAddress(to)); c.connect(); await sleep(50);
  log('A04', await bits(l, AFD_POLL_SEND), await bits(l, all), await bits(c));
  const { poll } = p.arm(l, AFD_POLL_LOCAL_CLOSE);
  l.close(); log('A07', p.next(100)?.status, poll.reported); 
  log('A07 client', await bits(c, all, 1500), tryIt(() => String(c.recv(new Uint8Array(1)))), tryIt(() => String(c.finishConnect())), tryIt(() => String(c.send(Buffer.from('x')))));
  await sleep(20); log(tryIt(() => String(c.send(Buffer.from('x')))));
});
test('C', async () => {
  const port = creator.findFreeTcpPort();
  const c = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
  log('C08', tryIt(() => JSON.stringify(c.localEndpoint())), tryIt(() => JSON.stringify(c.peerEndpoint())));
  log('C03', String(tryIt(() => String(c.connect()))), await bits(c, AFD_POLL_SEND, 2500), await bits(c, AFD_POLL_SEND | AFD_POLL_CONNECT_FAIL), tryIt(() => String(c.finishConnect())), tryIt(() => String(c.finishConnect())));
  log('again', tryIt(() => String(c.connect())));
  for (let i = 0; i < 3; i++) { const l = keep(creator.fromAddress(new TCPServerAddress())); const k = creator.fromAddress(new TCPClientAddress('127.0.0.1', l.localEndpoint().port)); log('C07', String(k.connect())); const { poll, status } = p.arm(k, all); k.close(); log(status, p.next(200)?.status, poll.reported, p.next(20)); p.end(poll); }
  const l = keep(creator.fromAddress(new TCPServerAddress()));
  log('C09', tryIt(() => creator.fromAddress(new TCPClientAddress('127.0.0.1', 9), { local: l.localEndpoint() })));
  const ok = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', l.localEndpoint().port), { local: { host: '127.0.0.1', port: 0 } })); log(ok.localEndpoint(), String(ok.connect()));
  log('oob wb', tryIt(() => String(ok.recv(new Uint8Array(1), { oob: true }))));
  log('send before', tryIt(() => String(keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', 9))).send(Buffer.from('x')))));
  const { client, server } = await connectPair(); server.close(); log('W05'); for (let i = 0; i < 5; i++) { log(tryIt(() => String(client.send(Buffer.from('x'))))); await sleep(10); }
  const u = keep(creator.fromAddress(new UDPAddress())); log('udp', tryIt(() => u.getOption('noDelay')), tryIt(() => u.setOption('noDelay', true)), tryIt(() => u.getOption('v6Only')), tryIt(() => l.setOption('broadcast', true)), tryIt(() => u.peerEndpoint()));
  log('udp big', tryIt(() => u.sendTo(new Uint8Array(65_508), u.localEndpoint())), tryIt(() => u.sendTo(new Uint8Array(65_507), u.localEndpoint())));
});
