import { release } from 'node:os';
import { wineVersion } from 'ntdllx/probe';

/** A kernel that something is expected of. */
export type HostKind = 'wine8' | 'wine10' | 'windows';

/** What this process runs on. */
export interface Host {
  readonly kind: HostKind;
  /** `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly name: string;
  /** True where the expectations were seen on such a host; false where they are only cited. */
  readonly isSeen: boolean;
  /** Where the expectations come from, for people. */
  readonly basis: string;
}

/**
 * The host of this process. Wine is asked itself, so that it is never taken for Windows.
 *
 * @throws {HostError} where there is no NT.
 */
export function findHost(): Host {
  return hostOf(wineVersion(), release());
}

/** The host of a version of Wine or, where that is undefined, of Windows. */
export function hostOf(wine: string | undefined, windows: string): Host {
  if (wine === undefined) {
    const basis = 'what the findings cite; nobody has seen it on Windows';
    return { kind: 'windows', name: `Windows ${windows}`, isSeen: false, basis };
  }
  const name = `Wine ${wine}`;
  const major = Number.parseInt(wine, 10);
  const [kind, of] = major < 10 ? (['wine8', 8] as const) : (['wine10', 10] as const);
  const isSeen = major === of;
  const basis = `what was seen on Wine ${of}.0${isSeen ? '' : `; nobody has seen it on ${name}`}`;
  return { kind, name, isSeen, basis };
}
