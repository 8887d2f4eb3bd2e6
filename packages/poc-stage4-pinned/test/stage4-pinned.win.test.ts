import { allocate, type NativeMemory, nativeMemory } from 'ntdllx';
import { type Entry, PinnedRegistry, runTest, Stage4Pinned } from 'poc-stage4-pinned';
import { failedChecks, inRelease, testedBuild } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

const small = { print: () => {}, sockets: 100 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

// Registration takes longer in debug.
const sockets = testedBuild === 'release' ? 500 : 150;

test(`S09 Windows Stage 4: each message finds its socket while 5 sockets become ${sockets}`, () => {
  const lines: string[] = [];
  const verdict = runTest({ sockets, print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(10);
  expect(lines).toContain('   ok   messages received, by client: 10 10 10 10 10');
});

/** Runs the stage with another registry. @returns the first check that failed. */
function failure(Registry: new () => PinnedRegistry, postsEarlier = true): string | undefined {
  class Broken extends Stage4Pinned {
    protected override createRegistry(): PinnedRegistry {
      return new Registry();
    }
    protected override postEarlier(...all: Parameters<Stage4Pinned['postEarlier']>): number {
      return postsEarlier ? super.postEarlier(...all) : 0;
    }
  }
  return failedChecks(new Broken(small))[0];
}

const recordBytes = 32;

/**
 * The method of tofu's own engine: the ApcContext is the address of a record in a table, and the
 * table is one block of memory.
 */
class Pointers extends PinnedRegistry {
  #capacity: number;
  #memory: NativeMemory;

  constructor(capacity = 8) {
    super();
    this.#capacity = capacity;
    this.#memory = allocate(capacity * recordBytes);
  }

  override add(...[name, skt]: Parameters<PinnedRegistry['add']>): Entry {
    if (this.size === this.#capacity) {
      const old = this.#memory;
      this.#capacity *= 2;
      this.#memory = allocate(this.#capacity * recordBytes);
      old.free();
    }
    return super.add(name, skt);
  }

  protected override name({ index }: Entry): number {
    return this.#memory.address + index * recordBytes;
  }

  protected override find(apcContext: number): Entry | undefined {
    return this.table[(apcContext - this.#memory.address) / recordBytes];
  }

  override close(): void {
    super.close();
    this.#memory.free();
  }
}

inRelease(() => {
  test('broken on purpose: pointers into a table that grows find nothing', () => {
    expect(failure(Pointers)).toMatch(/^packets that found no socket: [1-9]/);
  });

  test('broken on purpose: pointers into a table that never grows find the socket of a swap', () => {
    class Roomy extends Pointers {
      constructor() {
        super(100);
      }
    }
    expect(failure(Roomy, false)).toMatch(/^packets that found another socket: [1-9]/);
  });

  test('broken on purpose: handles instead of numbers find the socket that has the handle now', () => {
    class Handles extends PinnedRegistry {
      protected override name({ base }: Entry): number {
        return base;
      }
      protected override find(apcContext: number): Entry | undefined {
        return this.table.find(({ base }) => base === apcContext);
      }
    }
    expect(failure(Handles)).toBe('packets of an earlier loan that found a socket: 5');
    expect(failure(Handles, false)).toMatch(/^packets that found another socket: [1-9]/);
  });

  test('broken on purpose: numbers without a generation take a packet of an earlier loan', () => {
    class BareNumbers extends PinnedRegistry {
      protected override name({ block }: Entry): number {
        return 2 * block + 1;
      }
      protected override find(apcContext: number): Entry | undefined {
        return this.blocks[(apcContext - 1) / 2]?.entry;
      }
    }
    expect(failure(BareNumbers)).toBe('packets of an earlier loan that found a socket: 5');
  });
});

test.each([Number.NaN, 0, 99, 100.5, 10_001])('%s sockets are refused', (sockets) => {
  expect(() => new Stage4Pinned({ sockets, print: () => {} })).toThrowError(RangeError);
});

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage4Pinned(small);
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
