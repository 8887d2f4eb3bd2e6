import {
  type Expected,
  expectationRows,
  type Holder,
  type Observed,
  type RowName,
} from './expectation-rows.js';
import { hostProfile } from './host-profile.js';
import type { KernelName } from './kernels.js';

/** The column that applies to a kernel without its own value in a row. */
const columns = {
  wine8: 'wine8',
  wine9: 'wine8',
  wine10: 'wine10',
  wine11: 'wine10',
  windows: 'windows',
} as const satisfies Record<KernelName, KernelName>;

/** The kernel whose column of the table applies to a kernel. */
export const columnOf = (kernel: KernelName): KernelName => columns[kernel];

/** The expectation of a row for a kernel. */
export function expectedOf(name: RowName, kernel: KernelName): Expected {
  const row = expectationRows[name];
  return row[kernel] ?? row[columns[kernel]];
}

/**
 * Compares observations with the rows of the table, for the kernel of this host. The behaviour is
 * never queried: it is expected, and another value fails the test.
 *
 * @param kernel another kernel, if the test runs on its simulation.
 * @throws {Error} that names every different row:
 *   `recvAfterReset (F20): expected 'WSAECONNRESET' on windows (unverified), observed 'the end'`.
 */
export function expectAs(
  observed: Partial<Readonly<Record<RowName, Observed>>>,
  kernel: KernelName = hostProfile().kernel,
): void {
  const lines = Object.entries(observed).flatMap(([name, value]) => {
    const row = name as RowName;
    const expected = expectedOf(row, kernel);
    if (valuesOf(expected)?.includes(value) ?? true) return [];
    return [
      `${row} (${expectationRows[row].page}): ${expectation(expected, kernel)}, observed ${quote(value)}`,
    ];
  });
  if (lines.length > 0) throw new Error(lines.join('\n'));
}

/**
 * The rows of an observer that fail if a host with one kernel is compared with another kernel's
 * expectations.
 */
export function differingRows(real: KernelName, expected: KernelName, holder: Holder): RowName[] {
  const names = Object.keys(expectationRows) as RowName[];
  return names.filter((name) => {
    if (!expectationRows[name].heldBy.includes(holder)) return false;
    const [does, allowed] = [expectedOf(name, real), expectedOf(name, expected)].map(valuesOf);
    if (allowed === undefined) return false;
    return does === undefined || does.some((value) => !allowed.includes(value));
  });
}

/** The expected values; undefined if any value is expected. */
function valuesOf(expected: Expected): readonly Observed[] | undefined {
  if (typeof expected !== 'object') return [expected];
  return 'isUnspecified' in expected ? undefined : expected;
}

function expectation(expected: Expected, kernel: KernelName): string {
  const values = (valuesOf(expected) ?? []).map(quote).join(' or ');
  return `expected ${values} on ${kernel}${kernel === 'windows' ? ' (unverified)' : ''}`;
}

function quote(value: Observed): string {
  return typeof value === 'string' ? `'${value}'` : `${value}`;
}
