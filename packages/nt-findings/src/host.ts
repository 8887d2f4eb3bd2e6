import { release } from 'node:os';
import { wineVersion } from 'ntdllx/probe';

/** The kernels that something is known of, oldest Wine first. */
export const kernelNames = ['wine8', 'wine9', 'wine10', 'wine11', 'windows'] as const;

/** One of them. */
export type KernelName = (typeof kernelNames)[number];

/** A column of what the findings expect. Wine 9 has Wine 8's, Wine 11 has Wine 10's. */
export type HostKind = 'wine8' | 'wine10' | 'windows';

/** What this process runs on. */
export interface Host {
  /** The kernel; the newest or oldest known one where {@link note} says so. */
  readonly kernel: KernelName;
  /** The name of the file of what this kernel showed, without its suffix. */
  readonly observed: string;
  /** The column of expectations that holds for it. */
  readonly kind: HostKind;
  /** `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly name: string;
  /** Empty, or that the kernel is newer or older than all known ones, and as which one it is judged. */
  readonly note: string;
  /** True where the expectations were seen on such a host; false where they are only cited. */
  readonly isSeen: boolean;
  /** Where the expectations come from, for people. */
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
 * The host of this process. ntdll is asked, so that Wine is never taken for Windows.
 *
 * @throws {HostError} where there is no NT.
 */
export function findHost(): Host {
  return hostOf(wineVersion(), release());
}

/** The host of a version of Wine or, where that is undefined, of Windows. */
export function hostOf(wine: string | undefined, windows: string): Host {
  if (wine === undefined) {
    const basis = 'what the findings cite; not seen on Windows yet';
    const name = `Windows ${windows}`;
    const kernel = 'windows';
    return { kernel, kind: kernel, observed: kernel, name, note: '', isSeen: false, basis };
  }
  const name = `Wine ${wine}`;
  const major = Number.parseInt(wine, 10);
  if (Number.isNaN(major)) throw new Error(`ntdll says an unknown version of Wine: "${wine}".`);
  const known = Math.min(Math.max(major, oldest), newest);
  const kernel = `wine${known}` as KernelName;
  const age = major > newest ? 'newer' : 'older';
  const note =
    major === known
      ? ''
      : `${name} is ${age} than all known kernels; it is judged as Wine ${known}`;
  const kind = columns[kernel];
  const seenMajor = kind === 'wine8' ? 8 : 10;
  const isSeen = major === seenMajor;
  const unseen = isSeen ? '' : `; not seen on ${name} yet`;
  const basis = `what was seen on Wine ${seenMajor}.0${unseen}`;
  return { kernel, kind, observed: `wine${major}`, name, note, isSeen, basis };
}
