import { type Kernel, NativeMemoryError, nativeMemory, ntKernel } from 'ntdllx';
import { SocketCreator, TCPServerAddress, UDPAddress } from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';

/** The real kernel, but one allocation fails; and how often Winsock was started and not stopped. */
function failing(failedAllocation: number) {
  const counts = { allocations: 0, starts: 0 };
  const kernel: Kernel = {
    ...ntKernel,
    allocate(byteLength) {
      counts.allocations += 1;
      if (counts.allocations === failedAllocation) throw new NativeMemoryError('No memory left.');
      return ntKernel.allocate(byteLength);
    },
    WSAStartup(version, data) {
      const code = ntKernel.WSAStartup(version, data);
      if (code === 0) counts.starts += 1;
      return code;
    },
    WSACleanup() {
      counts.starts -= 1;
      return ntKernel.WSACleanup();
    },
  };
  return { kernel, counts };
}

test.each([
  ['TCP', new TCPServerAddress('127.0.0.1', 0)],
  ['UDP', new UDPAddress('127.0.0.1', 0)],
])('whichever allocation of a socket fails, nothing is left: %s', (_name, address) => {
  let failures = 0;
  for (let isMade = false; !isMade; ) {
    const { kernel, counts } = failing(failures + 1);
    const make = () => new SocketCreator(kernel).fromAddress(address).close();
    try {
      make();
      isMade = true;
    } catch (error) {
      expect(error).toBeInstanceOf(NativeMemoryError);
      failures += 1;
    }
    expect(counts.starts).toBe(0);
    expect(winsockUsers(kernel)).toBe(0);
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  }
  // The block that all calls share, and what Winsock says of itself.
  expect(failures).toBeGreaterThanOrEqual(2);
});
