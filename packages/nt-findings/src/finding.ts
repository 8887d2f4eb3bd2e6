import type { HostKind } from './host.js';
import type { Scene } from './scene.js';

/** What may be seen, as text: this, or one of these. */
export type Expected = string | readonly string[];

/** Something that is never done, on any host, and why. */
export interface NotRun {
  readonly notRun: string;
}

/** Said of a host where nothing is cited: any value is shown as seen, and none is a difference. */
export interface NobodySays {
  readonly nobodySays: true;
}

/** What is expected: the same everywhere, or host by host. */
export type Expectation = Expected | Readonly<Record<HostKind, Expected | NobodySays>> | NotRun;

/** What Wine does, and nothing is cited of Windows. */
export function uncited(onWine: Expected): Readonly<Record<HostKind, Expected | NobodySays>> {
  return { wine8: onWine, wine10: onWine, windows: { nobodySays: true } };
}

/** Makes the calls, and tells each fact as soon as it is seen: a later call may crash. */
export type See<K extends string> = (scene: Scene) => AsyncGenerator<readonly [K, string], void>;

/** A page of `kb/findings`. */
export interface Finding {
  /** Its number, such as `F06`. */
  readonly id: string;
  /** The heading of its page. */
  readonly title: string;
  /** Fact by fact. Of Windows it is what the page cites, and unverified, or {@link NobodySays}. */
  readonly expected: Readonly<Record<string, Expectation>>;
  readonly see: See<string>;
}

/** A finding whose facts are those that are expected, by the compiler's word. */
export function finding<K extends string>(
  id: string,
  title: string,
  expected: Readonly<Record<K, Expectation>>,
  see: See<NoInfer<K>>,
): Finding {
  return { id, title, expected, see };
}
