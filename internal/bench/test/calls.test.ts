import { callsPerMessage, countCalls, RelayCounter } from '@tofu-nt/bench';
import { createSimNt } from 'sim-nt';
import { UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';

test('calls that are made without messages are subtracted', () => {
  const first = { recv: 110, NtClose: 5 };
  const second = { recv: 210, NtClose: 5, send: 50 };
  expect(callsPerMessage(first, second, 100)).toEqual({ recv: 1, send: 0.5 });
});

test('a counting kernel forwards each call and counts it', () => {
  const { kernel, calls: simulated } = createSimNt({ seed: 1 });
  const counting = countCalls(kernel);
  const creator = createSocketCreator(counting.kernel);
  const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  skt.sendTo(Buffer.from('x'), skt.localEndpoint());
  expect(skt.recvFrom(Buffer.alloc(4))).toMatchObject({ byteLength: 1 });
  skt.close();
  const { allocate, ...foreign } = counting.calls;
  const called = Object.entries(foreign).filter(([, count]) => count > 0);
  expect(Object.fromEntries(called)).toEqual(
    Object.fromEntries(Object.entries(simulated).filter(([name]) => name !== 'allocate')),
  );
  expect(allocate).toBeGreaterThan(0);
});

test('calls are found in the output of Wine, also when a line arrives in two pieces', () => {
  const counter = new RelayCounter();
  counter.read('0024:Call ntdll.NtClose(00000088) ret=6ffff\n0024:Ret  ntdll.NtClose() retval=0\n');
  counter.read('0024:Call ntdll.NtRemoveIo');
  expect(counter.counts()).toEqual({ NtClose: 1 });
  counter.read('CompletionEx(00000040,0) ret=1\r\n0028:Call ntdll.NtClose(4) ret=2\n');
  expect(counter.counts()).toEqual({ NtClose: 2, NtRemoveIoCompletionEx: 1 });
});
