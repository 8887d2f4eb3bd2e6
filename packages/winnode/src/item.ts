/**
 * `ok`: it works. `missing`: it does not exist. `unsupported`: it exists and reports that it
 * cannot do this. `failed`: it was tried and failed. `skipped`: it could not be tried; `detail`
 * says why.
 */
export type Verdict = (typeof verdicts)[number];

/** Every {@link Verdict}. */
export const verdicts = ['ok', 'missing', 'unsupported', 'failed', 'skipped'] as const;

/** The result of one check: a row in the output of `winnode doctor`. */
export interface Item {
  /** What was checked, such as `Wine`. */
  readonly name: string;
  /** False if programs can run without it. */
  readonly isNecessary: boolean;
  /** The result. */
  readonly verdict: Verdict;
  /** Its version; empty if it has none or none is known. */
  readonly version: string;
  /** What was observed. */
  readonly detail: string;
  /** What to do next; empty if nothing needs to be done. */
  readonly hint: string;
}

/**
 * A project's own check of Windows: the default export of the module that package.json names as
 * `winnode.probe`. `winnode doctor` calls it in Windows Node, in the project's working directory,
 * and prints each item as soon as the probe yields it. A probe should therefore yield an item
 * before it tries something that may crash. The probe ends with its last item: doctor does not
 * wait for timers or sockets that the probe leaves open.
 */
export type Probe = () => AsyncIterable<Item> | Iterable<Item>;

/** Makes a necessary item. `more` gives its other fields; fields that are not given are empty. */
export function necessary(name: string, verdict: Verdict, more: Partial<Item>): Item {
  return { name, isNecessary: true, verdict, version: '', detail: '', hint: '', ...more };
}

/** True if no necessary item is missing, unsupported or failed. */
export function isWell(items: readonly Item[]): boolean {
  const isFine = ({ verdict }: Item) => verdict === 'ok' || verdict === 'skipped';
  return items.every((item) => !item.isNecessary || isFine(item));
}

/** The name of the item that reports an error of the project's probe itself. */
export const probeName = 'the probe of the project';
