import { Queue } from 'afd-poller/internal';
import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import { expect, test } from 'vitest';

test('a queue behaves like an array with push, shift and pop', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer().map((value) => ({ push: value })) },
    { weight: 5, arbitrary: fc.constant({ shift: true as const }) },
    { weight: 3, arbitrary: fc.constant({ pop: true as const }) },
    { weight: 1, arbitrary: fc.nat(3_000).map((many) => ({ many })) },
    { weight: 1, arbitrary: fc.nat(3_000).map((few) => ({ few })) },
  );
  checkProperty(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [line, model] = [new Queue<number>(), [] as number[]];
      const push = (value: number) => {
        line.push(value);
        model.push(value);
      };
      for (const each of steps) {
        if ('push' in each) push(each.push);
        if ('many' in each) for (let count = 0; count < each.many; count += 1) push(count);
        const shifts = 'shift' in each ? 1 : 'few' in each ? each.few : 0;
        for (let count = 0; count < shifts && model.length > 0; count += 1) {
          expect(line.shift()).toBe(model.shift());
        }
        if ('pop' in each && model.length > 0) expect(line.pop()).toBe(model.pop());
        expect(line.length).toBe(model.length);
        if (model.length > 0) {
          expect(line.at(0)).toBe(model[0]);
          expect(line.at(model.length - 1)).toBe(model.at(-1));
        }
      }
      line.clear();
      expect(line.length).toBe(0);
    }),
    200,
  );
});
