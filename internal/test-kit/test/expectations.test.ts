import {
  differingRows,
  type Expected,
  expectAs,
  expectationRows,
  expectedOf,
  kernelNames,
  type RowName,
} from 'test-kit';
import { expect, test } from 'vitest';

const names = Object.keys(expectationRows) as RowName[];

test('a wrong value fails with the name of its row, its page and both values', () => {
  expectAs({ recvAfterReset: 'the end', cancelOfNothing: 'STATUS_SUCCESS' }, 'wine8');
  expect(() => expectAs({ recvAfterReset: 'the end' }, 'windows')).toThrowError(
    "recvAfterReset (F20): expected 'WSAECONNRESET' on windows (unverified), observed 'the end'",
  );
  expect(() => expectAs({ countAfterTimeout: 7, handleReuse: 'another' }, 'wine10')).toThrowError(
    'countAfterTimeout (ACTIVE_KB): expected 1 on wine10, observed 7\n' +
      "handleReuse (ACTIVE_KB): expected 'the one that was closed' on wine10, observed 'another'",
  );
  expect(() => expectAs({ countAfterTimeout: 7 }, 'windows')).toThrowError(
    /expected 0 or 1 on windows \(unver/,
  );
});

test('a row without a source accepts any value', () => {
  expectAs({ handleReuse: 'another' }, 'windows');
});

test('a kernel without its own value has the value of the previous kernel', () => {
  for (const name of names) {
    expect(expectedOf(name, 'wine9')).toBe(
      expectationRows[name].wine9 ?? expectedOf(name, 'wine8'),
    );
    expect(expectedOf(name, 'wine11')).toBe(
      expectationRows[name].wine11 ?? expectedOf(name, 'wine10'),
    );
  }
});

test('in every row at least two kernels have different values', () => {
  for (const name of names) {
    const values = new Set(kernelNames.map((kernel): Expected => expectedOf(name, kernel)));
    expect(values.size, name).toBeGreaterThan(1);
    expect(expectationRows[name].heldBy, name).not.toEqual([]);
  }
});

test('the rows that fail under another kernel’s expectations, by holder', () => {
  expect(differingRows('wine8', 'wine8', 'contract')).toEqual([]);
  expect(differingRows('wine8', 'wine10', 'contract')).toEqual([
    'cancelOfNothing',
    'peerAfterReset',
    'recvAfterReset',
    'recvAfterResetBehindData',
  ]);
  expect(differingRows('wine8', 'windows', 'threads')).toEqual(['closeOfClosedSocket']);
  // A row in which Wine always has one of the values that Windows permits is not a difference. The
  // reverse is a difference.
  expect(differingRows('wine8', 'windows', 'contract')).not.toContain('countAfterTimeout');
  expect(differingRows('windows', 'wine8', 'contract')).toContain('countAfterTimeout');
});
