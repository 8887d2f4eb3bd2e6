/**
 * What ntdllx can do here: koffi, and which optional functions are exported. A project that names this
 * module as `winnode.probe` in its package.json sees it in `winnode doctor`.
 *
 * @packageDocumentation
 */
import { HostError, KoffiError } from './errors.js';
import { hasExport, loadKoffi } from './loader.js';
import { isAvailable, lookedUpFunctions, optionalFunctions } from './optional.js';

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
 * Tries koffi and looks for the optional functions, one after another, each when it is asked for: so
 * that a caller who writes down every fact at once knows what a crash interrupted. Never throws for what
 * it finds; without koffi it ends there.
 */
export function* probeNt(): Generator<NtFact, void> {
  const koffi = probeKoffi();
  yield koffi;
  if (koffi.verdict !== 'ok') return;
  for (const name of optionalFunctions) yield lookedUp(name, isAvailable(name));
  for (const [name, dll] of Object.entries(lookedUpFunctions)) {
    yield lookedUp(name, hasExport(dll, name));
  }
}

export default probeNt;

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

function lookedUp(name: string, isThere: boolean): NtFact {
  return isThere
    ? { name, ...optional, detail: 'exported' }
    : { name, ...optional, verdict: 'missing', detail: 'not exported by this Windows or Wine' };
}
