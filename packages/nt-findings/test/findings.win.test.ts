import { askForUnixSockets, findFinding, findHost, probeFinding } from 'nt-findings';
import { nativeMemory, ntKernel } from 'ntdllx';
import { winsockUsers } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

// Each test checks one finding of kb/FINDINGS.md by real calls of AFD. The expectations for each
// host are beside the calls, in src/findings.

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

test('F03 a poll that timed out has no handle, and still has the requested bits in Events', () =>
  holds('F03'));

test('F04 N05 with two buffers the output is filled and the input unchanged', () => holds('F04'));

test('F05 a poll with an event and a port signals both', () => holds('F05'));

test('F06 H01 FIN is DISCONNECT in every poll; RECEIVE alone is not completed', () => holds('F06'));

test('F07 X01 RST is ABORT in every poll; RECEIVE and DISCONNECT alone are not completed', () =>
  holds('F07'));

test('F08 C02 a refused connect is CONNECT_FAIL with its cause, in every poll', () => holds('F08'));

test('F09 Z06 closing a socket ends its poll with LOCAL_CLOSE, whatever the mask', () =>
  holds('F09'));

test('F10 N06 a cancelled poll posts one packet, CANCELLED; a second cancel is NOT_FOUND', () =>
  holds('F10'));

test('F11 A03 R02 a poll is one-shot, and its condition is level-triggered', () => holds('F11'));

test('F12 N09 the output names the ready sockets only, in the order of the request', () =>
  holds('F12'));

test('F13 C05 a connected socket reports CONNECT in every poll', () => holds('F13'));

test('F14 C06 a socket that was never connected completes no poll', () => holds('F14'));

test('F15 R07 an urgent byte is RECEIVE_EXPEDITED; RECEIVE is not completed', () => holds('F15'));

test('F16 N11 an exclusive poll ends the poll before it, with no handle', () => holds('F16'));

test('F17 N10 two polls of one socket are two polls', () => holds('F17'));

test('F18 N14 closing the AFD handle ends its polls at once; closing the port does not', () =>
  holds('F18'));

test('F18 a probe that ends early leaves no handle open', async () => {
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

test('F19 N12 an invalid poll is refused at once, without a packet', () => holds('F19'));

test('F20 X05 a close with unread data is a reset: ABORT; under Wine 8 recv returns 0', () =>
  holds('F20'));

test('F21 X03 a reset completes a poll with ABORT in its mask, not a poll with mask 0', () =>
  holds('F21'));

test('F23 G05 a reset between the end of a poll and the next one: that one ends at once with ABORT', () =>
  holds('F23'));

test('F24 N15 NOT_FOUND of NtCancelIoFileEx: another block, another handle, or complete; NtCancelIoFile says SUCCESS', () =>
  holds('F24'));

test('F22 H04 H05 shutdown of sending, or of receiving, causes no event', () => holds('F22'));

test('on a host without AF_UNIX the message says which call was refused', () => {
  const { isPresent, reason } = askForUnixSockets();
  expect(reason).toBe(isPresent ? '' : 'a socket of AF_UNIX was refused with WSAEAFNOSUPPORT');
  expect(winsockUsers(ntKernel)).toBe(0);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

describe('the command', async () => void (await import('./command-on-windows.js')));
