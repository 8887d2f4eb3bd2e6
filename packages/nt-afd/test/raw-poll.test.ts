import { RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_RECEIVE, type Kernel, STATUS_ACCESS_DENIED } from 'ntdllx';
import { AF_INET, SOCK_STREAM, WSA_FLAG_OVERLAPPED, WSADATA } from 'ntdllx/ws2_32';
import { createSimNt } from 'sim-nt';
import { expect, test } from 'vitest';

test.each(['NtCreateIoCompletion', 'NtCreateFile', 'NtSetInformationFile'] as const)(
  'a RawPoller whose constructor throws because %s fails leaks nothing',
  (name: keyof Kernel) => {
    const sim = createSimNt({ seed: 1 });
    const kernel = { ...sim.kernel, [name]: () => STATUS_ACCESS_DENIED };
    expect(() => new RawPoller(kernel)).toThrowError(/STATUS_ACCESS_DENIED/);
    expect(sim).toMatchObject({ violations: [], handles: 0, memory: { blocks: 0 } });
  },
);

test('close keeps the memory of a poll that is pending on a closed handle, and does not throw', () => {
  const sim = createSimNt({ seed: 1, profile: 'windows' });
  const { kernel } = sim;
  const memory = kernel.allocate(WSADATA.size);
  kernel.WSAStartup(0x0202, memory.address);
  const socket = kernel.WSASocketW(AF_INET, SOCK_STREAM, 0, 0, 0, WSA_FLAG_OVERLAPPED);
  const raw = new RawPoller(kernel);
  const afd = raw.openAfd();
  raw.associate(afd, raw.port, 0);
  const { poll, status } = raw.arm(socket, AFD_POLL_RECEIVE, { on: afd });
  expect(status).toBe('STATUS_PENDING');
  raw.closeHandle(afd);
  expect(poll.isPending).toBe(true);
  raw.close();
  // Only the socket is still open.
  expect(sim.handles).toBe(1);
});
