/**
 * What of NT works here, asked by really doing it: for `winnode doctor`, and for whoever wonders.
 *
 * @packageDocumentation
 */
import { HostError, KoffiError, NtdllxError, WsaError } from './errors.js';
import { hasExport, loadKoffi } from './loader.js';
import { isAvailable, lookedUpFunctions, optionalFunctions } from './optional.js';
import { pollAnAccept } from './probe/afd.js';
import { withSocket, withWinsock } from './probe/sockets.js';
import { AF_UNIX, WSAEAFNOSUPPORT } from './ws2-32.js';

export { wineVersion } from './wine-version.js';

/**
 * `ok`: it was done. `missing`: it is not there. `unsupported`: it is there and says that it cannot.
 * `failed`: it was tried and went wrong.
 */
export type NtVerdict = 'ok' | 'missing' | 'unsupported' | 'failed';

/** One thing that was tried. */
export interface NtFact {
  readonly name: string;
  /** False for what ntdllx can do without. */
  readonly isNecessary: boolean;
  readonly verdict: NtVerdict;
  /** Its version; empty where it has none. */
  readonly version: string;
  /** What was seen. */
  readonly detail: string;
  /** What to do next; empty when nothing is to be done. */
  readonly hint: string;
}

/**
 * Tries koffi, AFD_POLL, AF_UNIX and the optional calls, one after another, each when it is asked
 * for: whoever writes every fact down at once knows what a crash interrupted. Takes less than a
 * second, up to 6 s where AFD is silent; opens two loopback sockets and closes them. Never throws
 * for what it finds; without koffi it ends there.
 */
export function* probeNt(): Generator<NtFact, void> {
  const koffi = probeKoffi();
  yield koffi;
  if (koffi.verdict !== 'ok') return;
  yield probeAfd();
  yield probeAfUnix();
  for (const name of optionalFunctions) yield lookedUp(name, isAvailable(name));
  for (const [name, dll] of Object.entries(lookedUpFunctions)) {
    yield lookedUp(name, hasExport(dll, name));
  }
}

const necessary = { isNecessary: true, verdict: 'ok', version: '', detail: '', hint: '' } as const;
const optional = { ...necessary, isNecessary: false } as const;

function probeKoffi(): NtFact {
  const name = 'koffi';
  try {
    return { name, ...necessary, version: loadKoffi('probeNt').version, detail: 'loads' };
  } catch (error) {
    if (error instanceof KoffiError) {
      return { name, ...necessary, verdict: 'missing', detail: error.reason, hint: error.advice };
    }
    if (!(error instanceof HostError)) throw error;
    return { name, ...necessary, verdict: 'unsupported', detail: error.message };
  }
}

function probeAfd(): NtFact {
  const name = 'AFD';
  const hint = 'Without AFD_POLL no readiness: use Windows 10 or newer, or Wine 8 or newer.';
  try {
    const amiss = pollAnAccept();
    if (amiss === undefined) {
      return { name, ...necessary, detail: 'AFD_POLL_ACCEPT reported by a completion port' };
    }
    return { name, ...necessary, verdict: 'failed', detail: amiss, hint };
  } catch (error) {
    if (!(error instanceof NtdllxError)) throw error;
    return { name, ...necessary, verdict: 'failed', detail: error.message, hint };
  }
}

/** Sockets with a path for an address: Windows 10 1803 and newer by Microsoft; not Wine 8. */
function probeAfUnix(): NtFact {
  const name = 'AF_UNIX';
  try {
    withWinsock(() => withSocket(AF_UNIX, () => {}));
    return { name, ...optional, detail: 'a socket was made' };
  } catch (error) {
    if (!(error instanceof NtdllxError)) throw error;
    const isRefused = error instanceof WsaError && error.wsaCode === WSAEAFNOSUPPORT;
    const verdict = isRefused ? 'unsupported' : 'failed';
    return { name, ...optional, verdict, detail: error.message };
  }
}

function lookedUp(name: string, isThere: boolean): NtFact {
  return isThere
    ? { name, ...optional, detail: 'exported' }
    : { name, ...optional, verdict: 'missing', detail: 'not exported by this Windows or Wine' };
}
