import { release } from 'node:os';
import { wineVersion } from 'ntdllx/probe';

/** The kernels that nt-findings knows, the oldest Wine first. */
export const kernelNames = ['wine8', 'wine9', 'wine10', 'wine11', 'windows'] as const;

/** One of them. */
export type KernelName = (typeof kernelNames)[number];

/** A column of expectations. Wine 9 uses the column of Wine 8, Wine 11 that of Wine 10. */
export type HostKind = 'wine8' | 'wine10' | 'windows';

/** The host of this process. */
export interface Host {
  /** The kernel. For an unknown kernel: the newest or the oldest known one; see {@link note}. */
  readonly kernel: KernelName;
  /** The name of the file with this kernel's observations, without its suffix. */
  readonly observed: string;
  /** The column of expectations for this kernel. */
  readonly kind: HostKind;
  /** The kernel with its version: `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly name: string;
  /**
   * For an unknown kernel: that it is newer or older than all known ones, and which expectations
   * apply. Otherwise empty.
   */
  readonly note: string;
  /** True if the expectations were observed on this kernel; false if they are cited. */
  readonly isSeen: boolean;
  /** Where the expectations come from, as text for messages. */
  readonly basis: string;
}

const oldest = 8;
const newest = 11;
const columns: Record<KernelName, HostKind> = {
  wine8: 'wine8',
  wine9: 'wine8',
  wine10: 'wine10',
  wine11: 'wine10',
  windows: 'windows',
};

/**
 * The host of this process. It is determined from ntdll, so that Wine is never taken for Windows.
 *
 * @throws {HostError} if there is no NT.
 */
export function findHost(): Host {
  return hostOf(wineVersion(), release());
}

/** The host for a version of Wine or, if that is undefined, of Windows. */
export function hostOf(wine: string | undefined, windows: string): Host {
  if (wine === undefined) {
    const basis = 'cited from the sources of each finding; not yet observed on Windows';
    const name = `Windows ${windows}`;
    const kernel = 'windows';
    return { kernel, kind: kernel, observed: kernel, name, note: '', isSeen: false, basis };
  }
  const name = `Wine ${wine}`;
  const major = Number.parseInt(wine, 10);
  if (Number.isNaN(major)) {
    throw new Error(
      `The version of Wine that ntdll reports does not begin with a number: "${wine}".`,
    );
  }
  const known = Math.min(Math.max(major, oldest), newest);
  const kernel = `wine${known}` as KernelName;
  const age = major > newest ? 'newer' : 'older';
  const note =
    major === known
      ? ''
      : `${name} is ${age} than all known kernels; the expectations are those for Wine ${known}`;
  const kind = columns[kernel];
  const seenMajor = kind === 'wine8' ? 8 : 10;
  const isSeen = major === seenMajor;
  const unseen = isSeen ? '' : `; not yet observed on ${name}`;
  const basis = `observed on Wine ${seenMajor}.0${unseen}`;
  return { kernel, kind, observed: `wine${major}`, name, note, isSeen, basis };
}
