import type { HostKind } from './host.js';
import type { Loopback } from './loopback.js';

/** The expected observation as text: this value, or one of these. */
export type Expected = string | readonly string[];

/** Marks a fact that no probe tries, on any host. */
export interface NotRun {
  /** The reason. */
  readonly notRun: string;
}

/** The expectation on a host without a citation: every value is accepted and shown. */
export interface Unspecified {
  /** Marks the object. */
  readonly unspecified: true;
}

/** The expectation: the same for all hosts, or one for each. */
export type Expectation = Expected | Readonly<Record<HostKind, Expected | Unspecified>> | NotRun;

/** An expectation for Wine only: there is no citation for Windows. */
export function uncited(onWine: Expected): Readonly<Record<HostKind, Expected | Unspecified>> {
  return { wine8: onWine, wine10: onWine, windows: { unspecified: true } };
}

/**
 * The source of most citations for Windows.
 *
 * @param more the part of it, or its statement
 */
export const wineTests = (more = '') =>
  `Wine's conformance tests \`dlls/ws2_32/tests/afd.c\`, written against Windows${more}`;

/** A probe. It makes the calls, and yields each fact at once, because a later call may crash. */
export type See<K extends string> = (
  loopback: Loopback,
) => AsyncGenerator<readonly [K, string], void>;

/** The text of a finding, for its section of `kb/FINDINGS.md`. */
export interface FindingText {
  /** One sentence: what the kernel does. */
  readonly title: string;
  /** What the kernel does, in a few sentences. */
  readonly claim: string;
  /** The sources of the expectations for Windows. None of them was verified on Windows. */
  readonly cited: readonly string[];
}

/** An observed behaviour of the kernel. */
export interface Finding extends FindingText {
  /** Its number, such as `F06`. */
  readonly id: string;
  /**
   * The expectation of each fact. For Windows it is cited and unverified, or {@link Unspecified}.
   */
  readonly expected: Readonly<Record<string, Expectation>>;
  /** The probe. */
  readonly see: See<string>;
}

/** Defines a finding. The compiler checks that `see` yields only facts that have an expectation. */
export function finding<K extends string>(
  id: string,
  text: FindingText,
  expected: Readonly<Record<K, Expectation>>,
  see: See<NoInfer<K>>,
): Finding {
  return { id, ...text, expected, see };
}
