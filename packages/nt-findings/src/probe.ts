/**
 * Whether ntdllx, AFD_POLL and AF_UNIX work here, asked by really doing it. A project that names this
 * module as `winnode.probe` in its package.json sees it in `winnode doctor`.
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

/** How long the kernel may take to report a connection from this very thread. */
const reportLimitMs = 3_000;

const base = { version: '', detail: '', hint: '' } as const;

/**
 * Everything that can be asked: koffi, then sockets where it loads, then the optional functions. Each is
 * tried when it is asked for. Never throws for what it finds.
 */
export default function* probe(): Generator<NtFact, void> {
  for (const fact of probeNt()) {
    yield fact;
    if (fact.name === 'koffi' && fact.verdict === 'ok') yield* probeSockets();
  }
}

/**
 * Tries AFD_POLL and AF_UNIX, each when it is asked for. Takes less than a second, up to 6 s where AFD
 * does not report; opens two loopback sockets and closes them. Never throws for what it finds.
 */
export function* probeSockets(): Generator<NtFact, void> {
  yield probeAfd();
  yield probeAfUnix();
}

function probeAfd(): NtFact {
  const fact = { name: 'AFD', isNecessary: true, ...base };
  const hint = 'Without AFD_POLL no readiness: use Windows 10 or newer, or Wine 8 or newer.';
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

/** Polls a listener, connects to it, and takes the packet. @returns what was wrong. */
function pollAnAccept(): string | undefined {
  const creator = new SocketCreator();
  const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
  const { host, port } = listener.localEndpoint();
  const client = creator.fromAddress(new TCPClientAddress(host, port));
  const poller = new RawPoller();
  try {
    const { poll, status } = poller.arm(listener, everything);
    if (status !== 'STATUS_PENDING') return `the poll returned ${status} before any connection`;
    client.connect();
    const packet = poller.next(reportLimitMs);
    if (packet === undefined) return `no packet within ${reportLimitMs / 1_000} s of a connection`;
    const [first] = poll.reported;
    if (packet.poll === poll && first?.events === AFD_POLL_ACCEPT) return undefined;
    return `${packet.status}, ${poll.reported.length} handles, ${bitsText(first?.events ?? 0)}`;
  } finally {
    poller.close();
    client.close();
    listener.close();
  }
}

/** Sockets with a path for an address: Windows 10 1803 and newer by Microsoft; not Wine 8. */
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
