import { connect } from 'node:net';
import { NtClose, ntKernel, STATUS_INVALID_HANDLE } from 'ntdllx';
import {
  type Skt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connectTo, creator, eventually, keep, listen } from './sockets.js';

const acceptFrom = async (listener: Skt) => keep(await eventually(() => listener.accept()));

afterEach(closeAll);

test('A02 accept with nobody there is a value', () => {
  expect(listen().accept()).toBe(wouldBlock);
});

test('A01 accept returns the client, then would-block; what it returns is non-blocking', async () => {
  const listener = listen();
  const client = connectTo(listener);
  const accepted = await acceptFrom(listener);
  expect(accepted.kind).toBe('accepted');
  expect(listener.accept()).toBe(wouldBlock);
  expect(accepted.peerEndpoint()).toEqual(client.localEndpoint());
  expect(accepted.localEndpoint()).toEqual(listener.localEndpoint());
  expect(client.peerEndpoint()).toEqual(listener.localEndpoint());
});

test('a client of node:net is accepted, too', async () => {
  const listener = listen();
  const socket = connect(listener.localEndpoint().port, '127.0.0.1');
  const accepted = await acceptFrom(listener);
  await new Promise((done) => (socket.connecting ? socket.once('connect', done) : done(0)));
  expect(accepted.peerEndpoint().port).toBe(socket.localPort);
  socket.destroy();
});

test('port 0 becomes a free port, a different one each time', () => {
  const ports = [listen(), listen(), listen()].map((skt) => skt.localEndpoint().port);
  for (const port of ports) expect(port).toBeGreaterThan(0);
  expect(new Set(ports).size).toBe(3);
});

test('A09 a port in use is refused by name, and port 0 then works', () => {
  const { port } = listen().localEndpoint();
  const again = () => listen(port);
  expect(again).toThrowError(
    expect.objectContaining({ code: 'ERR_WSA', call: 'bind', wsaName: 'WSAEADDRINUSE' }),
  );
  expect(again).toThrowError(/choose another port, or 0 for any/);
  expect(listen().localEndpoint().port).toBeGreaterThan(0);
});

test('an address of another host is refused by name', () => {
  const elsewhere = () => creator.fromAddress(new TCPServerAddress('192.0.2.1', 0));
  expect(elsewhere).toThrowError(expect.objectContaining({ wsaName: 'WSAEADDRNOTAVAIL' }));
});

test('the base handle is a handle', () => {
  const listener = listen();
  expect(listener.baseHandle()).toBeGreaterThan(0);
  expect(listener.baseHandle()).toBe(listener.baseHandle());
});

test('a provider that hides its base handle is refused loudly', () => {
  // Wine answers SIO_BASE_HANDLE for any number, even of a closed socket, so the provider is asked
  // for something that no provider knows.
  const unknown = 0x4800_00ff;
  const { WSAIoctl } = ntKernel;
  const kernel: typeof ntKernel = {
    ...ntKernel,
    WSAIoctl: (s, _code, ...rest) => WSAIoctl(s, unknown, ...rest),
  };
  const skt = new SocketCreator(kernel).fromAddress(new TCPServerAddress());
  expect(() => skt.baseHandle()).toThrowError(
    expect.objectContaining({ call: 'WSAIoctl(SIO_BASE_HANDLE)', wsaName: 'WSAEOPNOTSUPP' }),
  );
  skt.close();
  expect(winsockUsers(kernel)).toBe(0);
});

test('a socket that somebody else closed is told, once', () => {
  const client = creator.fromAddress(new TCPClientAddress('127.0.0.1', 9));
  ntKernel.closesocket(client.socket);
  expect(() => client.close()).toThrowError(
    expect.objectContaining({ call: 'closesocket', wsaName: 'WSAENOTSOCK' }),
  );
  expect(client.isOpen).toBe(false);
  client.close();
});

describe('misuse is one clear error and harms nothing', () => {
  test('after close', () => {
    const listener = listen();
    const handle = Number(listener.socket);
    listener.close();
    listener.close();
    expect(listener.isOpen).toBe(false);
    const closed = expect.objectContaining({ code: 'ERR_SKT_CLOSED' });
    expect(() => listener.accept()).toThrowError(closed);
    expect(() => listener.baseHandle()).toThrowError(closed);
    expect(() => listener.localEndpoint()).toThrowError(closed);
    expect(() => listener.socket).toThrowError('This listener socket is closed.');
    expect(NtClose(handle)).toBe(STATUS_INVALID_HANDLE);
  });

  test('the wrong kind', () => {
    const listener = listen();
    const client = connectTo(listener);
    const wrongKind = expect.objectContaining({ code: 'ERR_SKT_KIND' });
    expect(() => client.accept()).toThrowError(wrongKind);
    expect(() => listener.connect()).toThrowError(
      'connect wants a socket of kind client, not listener.',
    );
    expect(() => listener.connect()).toThrowError(wrongKind);
    expect(() => listener.peerEndpoint()).toThrowError(
      expect.objectContaining({ call: 'getpeername', wsaName: 'WSAENOTCONN' }),
    );
  });
});
