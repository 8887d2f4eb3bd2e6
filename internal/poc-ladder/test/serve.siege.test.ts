import { describe, expect, test } from 'vitest';
import { describeHost } from 'winnode';
import { serve } from './serve.js';

// Addresses that the server rejects, not the ladder. Each test starts a Windows Node.
const host = describeHost();

describe.skipIf(host.kind === 'none')(`the echo server ${host.reason}`, () => {
  test.each([
    ['uds|x', /^--address: uds\|x is not an address of TCP/],
    ['tcp|192.0.2.1|0', /^Cannot listen on tcp\|192.*: bind failed with WSAEADDRNOTAVAIL/],
  ])('--address %s gives one message and exit code 2', async (address, message) => {
    const { code, stdout, stderr } = await serve('--address', address).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(message);
  });
});
