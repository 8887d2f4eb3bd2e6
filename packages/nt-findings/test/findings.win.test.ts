import { askForUnixSockets, findFinding, findHost, probeFinding } from 'nt-findings';
import { nativeMemory, ntKernel } from 'ntdllx';
import { winsockUsers } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

// Each test checks one finding of kb/FINDINGS.md by real calls. The expectations for each host are
// in src/findings.

const host = findHost();

/** Probes a finding on this host: every fact is as expected, and nothing remains open. */
async function holds(id: string): Promise<void> {
  const finding = findFinding(id);
  if (finding === undefined) throw new Error(`There is no finding ${id}.`);
  const seen: [string, string][] = [];
  const expected: [string, string][] = [];
  for await (const fact of probeFinding(finding, host)) {
    if (fact.notRun !== '') {
      process.stdout.write(`NOT RUN ${id} ${fact.name}: ${fact.notRun}\n`);
      continue;
    }
    seen.push([fact.name, fact.seen]);
    if (fact.expected.length === 0) {
      process.stdout.write(`UNSPECIFIED ${id} ${fact.name}: ${fact.seen}\n`);
    }
    const isExpected = fact.expected.length === 0 || fact.expected.includes(fact.seen);
    expected.push([fact.name, isExpected ? fact.seen : fact.expected.join(' or ')]);
  }
  expect(seen.length).toBeGreaterThan(0);
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(expected));
  expect(winsockUsers(ntKernel)).toBe(0);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
}

test('F01 N03 a null ApcContext posts no packet, any other value does', () => holds('F01'));

test('F02 N04 a poll that succeeds at once posts one packet, or none with the skip flag', () =>
  holds('F02'));

test('F03 the output of a poll that timed out has no handle, but still the requested bits', () =>
  holds('F03'));

test('F04 N05 with two buffers the kernel fills the output and does not change the input', () =>
  holds('F04'));

test('F05 a poll with an event sets the event, and posts a packet', () => holds('F05'));

test('F06 H01 after FIN every poll reports DISCONNECT; a poll of RECEIVE alone stays pending', () =>
  holds('F06'));

test('F07 X01 after RST every poll reports ABORT; polls of RECEIVE or DISCONNECT alone stay pending', () =>
  holds('F07'));

test('F08 C02 after a refused connect every poll reports CONNECT_FAIL with the cause', () =>
  holds('F08'));

test('F09 Z06 closing a socket completes its poll with LOCAL_CLOSE, whatever its mask is', () =>
  holds('F09'));

test('F10 N06 a cancelled poll posts one packet with STATUS_CANCELLED; a second cancel returns STATUS_NOT_FOUND', () =>
  holds('F10'));

test('F11 A03 R02 a poll is one-shot; its condition is level-triggered', () => holds('F11'));

test('F12 N09 the output of a poll lists only the ready sockets, in the order of the request', () =>
  holds('F12'));

test('F13 C05 every poll of a connected socket reports CONNECT', () => holds('F13'));

test('F14 C06 a poll of a socket that was never connected stays pending', () => holds('F14'));

test('F15 R07 AFD reports an urgent byte as RECEIVE_EXPEDITED; a poll of RECEIVE stays pending', () =>
  holds('F15'));

test('F16 N11 an exclusive poll completes the exclusive poll before it, with no handle', () =>
  holds('F16'));

test('F17 N10 two polls of one socket both complete, each with its own packet', () => holds('F17'));

test('F18 N14 closing an AFD handle completes its polls at once; closing the port does not', () =>
  holds('F18'));

test('F18 a probe whose caller stops early closes every handle', async () => {
  const finding = findFinding('F18');
  if (finding === undefined) throw new Error('There is no finding F18.');
  for (let most = 1; most <= Object.keys(finding.expected).length; most += 1) {
    let count = 0;
    for await (const _ of probeFinding(finding, host)) {
      count += 1;
      if (count === most) break;
    }
    expect(count).toBe(most);
    expect(winsockUsers(ntKernel)).toBe(0);
    expect(nativeMemory(), `after ${most}`).toEqual({ blocks: 0, bytes: 0 });
  }
});

test('F19 N12 NT refuses an invalid poll at once, and posts no packet', () => holds('F19'));

test('F20 X05 after a close with unread data the peer polls ABORT; under Wine 8 its recv returns 0', () =>
  holds('F20'));

test('F21 X03 a reset completes a poll with ABORT in its mask, but not a poll with mask 0', () =>
  holds('F21'));

test('F23 G05 after a reset between two polls the second poll completes at once with ABORT', () =>
  holds('F23'));

test('F24 N15 NtCancelIoFileEx returns STATUS_NOT_FOUND for another block, for another handle, and for a complete poll; NtCancelIoFile returns STATUS_SUCCESS', () =>
  holds('F24'));

test('F22 H04 H05 shutdown of sending, or of receiving, completes no poll', () => holds('F22'));

test('F25 a hard close resets at once; under Wine 10 only after the rest of a send was sent', () =>
  holds('F25'));

test('on a host without AF_UNIX askForUnixSockets names the refused call', () => {
  const { isPresent, reason } = askForUnixSockets();
  expect(reason).toBe(isPresent ? '' : 'a socket of AF_UNIX was refused with WSAEAFNOSUPPORT');
  expect(winsockUsers(ntKernel)).toBe(0);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

describe('the command', async () => void (await import('./command-on-windows.js')));
