import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { type ForeignFunction, paddings, prototypes, trampolines } from 'ntdllx/internal';
import { observeCalls } from 'ntdllx/trace';
import { inRelease, testedBuild } from 'test-kit';
import { describe, expect, test } from 'vitest';

/** A row whose function makes no foreign call but records its arguments. */
function recording(parameterCount: number) {
  const passed: unknown[][] = [];
  const params = Array.from({ length: parameterCount }, (_, index) => [`p${index}`, 'ULONG']);
  const row = {
    name: 'NtClose',
    prototype: { dll: 'ntdll.dll', returns: 'ULONG', params },
    load: () => {},
    call: (...args: number[]) => passed.push(args),
  } as unknown as ForeignFunction;
  return { row, passed };
}

const counts = trampolines.map((_, count) => count);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => 10 + index);

test('every number of parameters in the table has a trampoline', () => {
  const used = Object.values(prototypes).map(({ params }) => params.length);
  expect(Math.max(...used)).toBe(trampolines.length - 1);
});

describe.each(counts)('%d parameters', (count) => {
  test('arrive in order, with and without an observer', () => {
    const { row, passed } = recording(count);
    const call = trampolines[count]?.(row);
    const seen: unknown[] = [];
    expect(call?.(...numbers(count))).toBe(1);
    const end = observeCalls({ after: ({ args, result }) => seen.push(args, result) });
    expect(call?.(...numbers(count))).toBe(2);
    end();
    expect(call?.(...numbers(count))).toBe(3);
    expect(passed).toEqual([numbers(count), numbers(count), numbers(count)]);
    expect(seen).toEqual([numbers(count), 2]);
  });

  test.runIf(testedBuild === 'debug' && count > 0)(
    'in the debug build each must be a whole number',
    () => {
      const { row, passed } = recording(count);
      for (let index = 0; index < count; index += 1) {
        const args = numbers(count).with(index, Number.NaN);
        const message = `NtClose: p${index} is NaN, which is not a whole number`;
        expect(() => trampolines[count]?.(row)(...args)).toThrowError(message);
        const few = numbers(index);
        const missing = `NtClose: p${index} is undefined, which is not a whole number`;
        expect(() => trampolines[count]?.(row)(...few)).toThrowError(missing);
      }
      expect(passed).toEqual([]);
    },
  );
});

/**
 * Uint8Arrays that are not `instanceof Uint8Array`, or whose own properties run the caller's code.
 */
const strangeBytes: Record<string, () => Uint8Array> = {
  'of another realm': () => runInNewContext('new Uint8Array(4)') as Uint8Array,
  'without a prototype': () => Object.setPrototypeOf(new Uint8Array(4), null) as Uint8Array,
  'with a getter of the caller': () => {
    const ran = () => {
      throw new Error('code of the object was run');
    };
    const traps = Object.fromEntries(Reflect.ownKeys(Reflect).map((trap) => [trap, ran]));
    const bytes = Object.setPrototypeOf(new Uint8Array(4), new Proxy({}, traps)) as Uint8Array;
    return Object.defineProperty(bytes, 'byteLength', { get: ran });
  },
};

test.each(Object.entries(strangeBytes))('a Uint8Array %s is passed as bytes', (_name, make) => {
  const { row, passed } = recording(2);
  const call = trampolines[2]?.(row);
  const bytes = make();
  const seen: unknown[] = [];
  call?.(1, bytes);
  const end = observeCalls({ after: ({ args }) => seen.push(args) });
  call?.(1, bytes);
  end();
  expect(passed.map(([, arg]) => arg === bytes)).toEqual([true, true]);
  expect(seen).toEqual([[1, 4]]);
});

test.runIf(testedBuild === 'debug').each([
  ['object without a prototype', () => Object.create(null)],
  [
    'object whose conversion throws',
    () => ({
      [Symbol.toPrimitive]() {
        throw new Error('code of the object was run');
      },
      get [Symbol.toStringTag]() {
        throw new Error('code of the object was run');
      },
    }),
  ],
  ['symbol', () => Symbol('x')],
  ['text of 1,000,000 characters', () => 'x'.repeat(1e6)],
])('an argument of the wrong type is refused with a short message: %s', (_name, make) => {
  const { row, passed } = recording(2);
  const call = () => trampolines[2]?.(row)(1, make());
  expect(call).toThrowError(/^NtClose: p1 is .{2,200}, which is not a whole number$/);
  expect(passed).toEqual([]);
});

test('short system calls are padded with zeros to five arguments', () => {
  for (const [count, pad] of paddings.entries()) {
    const { row, passed } = recording(count);
    pad(row.call)(...numbers(count));
    expect(passed).toEqual([[...numbers(count), 0, 0, 0, 0, 0].slice(0, 5)]);
  }
  expect(paddings).toHaveLength(5);
});

inRelease(() => {
  test('a call allocates nothing without an observer, and something with one', () => {
    const script = fileURLToPath(new URL('./trampolines-allocate.mjs', import.meta.url));
    // Unoptimized, because V8's optimizing compiler sometimes removes the array of a rest parameter.
    const flags = ['--expose-gc', '--no-opt', '--no-maglev', '--min-semi-space-size=64'];
    const output = execFileSync(process.execPath, [...flags, '--max-semi-space-size=64', script], {
      encoding: 'utf8',
    });
    const { silent, observed, rest } = JSON.parse(output) as Record<string, number[]>;
    expect(silent).toHaveLength(trampolines.length + paddings.length);
    for (const bytes of silent ?? []) expect(bytes).toBeLessThan(1);
    // An observer and a rest parameter do allocate, which shows that the measurement works.
    for (const bytes of [...(observed ?? []), ...(rest ?? [])]) expect(bytes).toBeGreaterThan(16);
  });
});
