import type { HostKind } from './host.js';
import type { Loopback } from './loopback.js';

/** What may be seen, as text: this, or one of these. */
export type Expected = string | readonly string[];

/** Something that is never done, on any host, and why. */
export interface NotRun {
  readonly notRun: string;
}

/** Of a host where nothing is cited: any value is shown as seen, and none is a difference. */
export interface Unspecified {
  readonly unspecified: true;
}

/** What is expected: the same everywhere, or host by host. */
export type Expectation = Expected | Readonly<Record<HostKind, Expected | Unspecified>> | NotRun;

/** What Wine does, and nothing is cited of Windows. */
export function uncited(onWine: Expected): Readonly<Record<HostKind, Expected | Unspecified>> {
  return { wine8: onWine, wine10: onWine, windows: { unspecified: true } };
}

/** The source that most of Windows' column is cited from. @param more what of it, or what it says */
export const wineTests = (more = '') =>
  `Wine's conformance tests \`dlls/ws2_32/tests/afd.c\`, written against Windows${more}`;

/** Makes the calls, and yields each fact as soon as it is seen: a later call may crash. */
export type See<K extends string> = (
  loopback: Loopback,
) => AsyncGenerator<readonly [K, string], void>;

/** What a finding says, for its section of `kb/FINDINGS.md`. */
export interface FindingText {
  readonly title: string;
  /** What the kernel does, in a few sentences. */
  readonly claim: string;
  /** The sources of what is expected of Windows, none of which was verified there. */
  readonly cited: readonly string[];
}

/** Something that the kernel was seen to do. */
export interface Finding extends FindingText {
  /** Its number, such as `F06`. */
  readonly id: string;
  /** Fact by fact. Of Windows it is what is cited, and unverified, or {@link Unspecified}. */
  readonly expected: Readonly<Record<string, Expectation>>;
  readonly see: See<string>;
}

/** A finding whose facts are those that are expected, by the compiler's word. */
export function finding<K extends string>(
  id: string,
  text: FindingText,
  expected: Readonly<Record<K, Expectation>>,
  see: See<NoInfer<K>>,
): Finding {
  return { id, ...text, expected, see };
}
