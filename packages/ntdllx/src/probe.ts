/**
 * Reports whether koffi loads on this host and which optional functions the host exports. If a
 * project's package.json names this module as `winnode.probe`, `winnode doctor` prints the report.
 *
 * @packageDocumentation
 */
import { HostError, KoffiError } from './errors.js';
import { hasExport, loadKoffi } from './loader.js';
import { isAvailable, lookedUpFunctions, optionalFunctions } from './optional.js';

export { wineVersion } from './wine-version.js';

/**
 * `ok`: the item works. `missing`: the host does not have it. `unsupported`: the host has it, but
 * reports that it does not support it. `failed`: trying it gave an error.
 */
export type NtVerdict = 'ok' | 'missing' | 'unsupported' | 'failed';

/** The result for one item of the probe. */
export interface NtFact {
  /** What was probed. */
  readonly name: string;
  /** False if ntdllx works without the item. */
  readonly isNecessary: boolean;
  /** The result. */
  readonly verdict: NtVerdict;
  /** The item's version; empty if it has none. */
  readonly version: string;
  /** What the probe observed. */
  readonly detail: string;
  /** What the user should do; empty if there is nothing to do. */
  readonly hint: string;
}

/**
 * Loads koffi, then looks up the optional functions, one at each step of the generator. A caller
 * that records every fact as it is yielded can see after a crash which item crashed. A missing
 * item is a fact, not an exception. If koffi does not load, its fact is the last one.
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
