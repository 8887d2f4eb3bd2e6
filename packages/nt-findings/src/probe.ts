/**
 * Checks whether ntdllx, AFD_POLL and AF_UNIX work on this machine, by using them. A project can
 * name this module as `winnode.probe` in its package.json; `winnode doctor` then shows its items.
 *
 * @packageDocumentation
 */
import { everything, RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_ACCEPT, NtdllxError } from 'ntdllx';
import { type NtFact, probeNt } from 'ntdllx/probe';
import { SktError, SocketCreator, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { bitsText } from './text.js';
import { askForUnixSockets } from './unix-sockets.js';

export type { NtFact } from 'ntdllx/probe';

/** How long the kernel may take to report a connection that this thread makes to itself. */
const reportLimitMs = 3_000;

const base = { version: '', detail: '', hint: '' } as const;

/**
 * Checks koffi, then sockets if koffi loads, then the optional functions. Each is tried when the
 * next item is requested. Does not throw for the result of a check.
 */
export default function* probe(): Generator<NtFact, void> {
  for (const fact of probeNt()) {
    yield fact;
    if (fact.name === 'koffi' && fact.verdict === 'ok') yield* probeSockets();
  }
}

/**
 * Tries AFD_POLL and AF_UNIX, each when the next item is requested. Takes less than a second, or
 * up to 6 s if AFD does not report. Opens two loopback sockets and closes them. Does not throw for
 * the result of a check.
 */
export function* probeSockets(): Generator<NtFact, void> {
  yield probeAfd();
  yield probeAfUnix();
}

function probeAfd(): NtFact {
  const fact = { name: 'AFD', isNecessary: true, ...base };
  const hint = 'The pollers need AFD_POLL: use Windows 10 or newer, or Wine 8 or newer.';
  const failed = (detail: string) => ({ ...fact, verdict: 'failed' as const, detail, hint });
  try {
    const problem = pollAnAccept();
    if (problem !== undefined) return failed(problem);
    const detail = 'AFD_POLL_ACCEPT reported by a completion port';
    return { ...fact, verdict: 'ok', detail };
  } catch (error) {
    if (!(error instanceof NtdllxError || error instanceof SktError)) throw error;
    return failed(error.message);
  }
}

/**
 * Polls a listener, connects to it, and takes the packet.
 *
 * @returns a description of the error, if there was one
 */
function pollAnAccept(): string | undefined {
  const creator = new SocketCreator();
  const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
  const { host, port } = listener.localEndpoint();
  const client = creator.fromAddress(new TCPClientAddress(host, port));
  const poller = new RawPoller();
  try {
    const { poll, status } = poller.arm(listener, everything);
    if (status !== 'STATUS_PENDING') {
      return `the poll of a listener returned ${status} instead of STATUS_PENDING`;
    }
    client.connect();
    const packet = poller.next(reportLimitMs);
    if (packet === undefined) {
      return `the port had no packet ${reportLimitMs / 1_000} s after a connection`;
    }
    const [first] = poll.reported;
    if (packet.poll === poll && first?.events === AFD_POLL_ACCEPT) return undefined;
    const seen = `${packet.status}, ${poll.reported.length} handles, ${bitsText(first?.events ?? 0)}`;
    return `after a connection the poll reported ${seen} instead of AFD_POLL_ACCEPT`;
  } finally {
    poller.close();
    client.close();
    listener.close();
  }
}

/**
 * Checks for sockets whose address is a path. According to Microsoft, Windows 10 1803 and newer
 * have them; Wine 8 does not.
 */
function probeAfUnix(): NtFact {
  const fact = { name: 'AF_UNIX', isNecessary: false, ...base };
  try {
    const { isPresent, reason } = askForUnixSockets();
    if (isPresent) return { ...fact, verdict: 'ok', detail: 'a socket was made' };
    return { ...fact, verdict: 'unsupported', detail: reason };
  } catch (error) {
    if (!(error instanceof NtdllxError)) throw error;
    return { ...fact, verdict: 'failed', detail: error.message };
  }
}
