/**
 * `ok`: it works. `missing`: it is not there. `unsupported`: it is there and says that it cannot.
 * `failed`: it was tried and went wrong. `skipped`: it could not be tried; `detail` says why.
 */
export type Verdict = (typeof verdicts)[number];

/** Every {@link Verdict}. */
export const verdicts = ['ok', 'missing', 'unsupported', 'failed', 'skipped'] as const;

/** One thing that was looked at: a row of `winnode doctor`. */
export interface Item {
  readonly name: string;
  /** False for what a program can do without. */
  readonly isNecessary: boolean;
  readonly verdict: Verdict;
  /** Its version; empty where it has none, or none is known. */
  readonly version: string;
  /** What was seen. */
  readonly detail: string;
  /** What to do next; empty when nothing is to be done. */
  readonly hint: string;
}

/**
 * What a project asks of Windows: the default export of the module that its package.json names as
 * `winnode.probe`. `winnode doctor` calls it in Windows Node, in the project's working directory, and
 * prints each item as soon as it is yielded. So a probe should yield an item before it tries what may
 * crash. It ends with its last item: what it left open is not waited for.
 */
export type Probe = () => AsyncIterable<Item> | Iterable<Item>;

/** An item that is necessary, and has the rest of what is given. */
export function necessary(name: string, verdict: Verdict, more: Partial<Item>): Item {
  return { name, isNecessary: true, verdict, version: '', detail: '', hint: '', ...more };
}

/** True when nothing that is necessary is missing, unsupported or failed. */
export function isWell(items: readonly Item[]): boolean {
  const isFine = ({ verdict }: Item) => verdict === 'ok' || verdict === 'skipped';
  return items.every((item) => !item.isNecessary || isFine(item));
}

/** The name of the item that says what is wrong with a project's probe itself. */
export const probeName = 'the probe of the project';
