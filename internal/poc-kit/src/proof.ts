import { performance } from 'node:perf_hooks';
import { build } from './build.js';

/** One thing that a stage claims, and what was seen instead or as expected. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

/** What a stage ends with. Printed as one line of JSON. */
export interface Verdict {
  readonly stage: string;
  readonly claim: string;
  readonly build: 'debug' | 'release';
  /** `proven` only if every check held and there was at least one; `unsupported`: see `reason`. */
  readonly verdict: 'proven' | 'failed' | 'unsupported';
  /** The first check that did not hold, in words; empty when proven. */
  readonly reason: string;
  readonly checks: readonly Check[];
  readonly durationMs: number;
}

/** Ends a proof at a check without which the later ones mean nothing. */
class ProofEnded extends Error {}

/** Ends a proof on a host that does not have what it is about. */
class HostLacks extends Error {}

/** Takes a line for people; never buffers, for the thread may be about to block. */
export type Print = (line: string) => void;

/** A value as a check shows it: numbers of NT in hexadecimal where that is how people know them. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Collects the checks of one stage run and prints each as it is made. */
export class Proof {
  readonly #stage: string;
  readonly #claim: string;
  readonly #print: Print;
  readonly #checks: Check[] = [];
  readonly #started = performance.now();
  /** Figures that are asked for and not judged yet: name to what is asked. */
  readonly #asked = new Map<string, string>();
  #isConcluded = false;

  constructor(stage: string, claim: string, print: Print) {
    this.#stage = stage;
    this.#claim = claim;
    this.#print = print;
    print(`${stage} (${build} build): ${claim}`);
  }

  /** Something that was done, for the reader; proves nothing. */
  note(line: string): void {
    this.#print(`      ${line}`);
  }

  /**
   * Compares, prints, remembers. Later checks still run.
   *
   * @param meaning what the expected value is, for a reader to whom the value itself says nothing
   */
  expect(
    name: string,
    seen: string | number | bigint,
    expected: string | number | bigint,
    meaning?: string,
  ): boolean {
    const ok = String(seen) === String(expected);
    this.#record({ name, expected: String(expected), seen: String(seen), ok }, meaning);
    return ok;
  }

  /** As {@link expect}, but the proof ends here if it does not hold. */
  require(name: string, seen: string | number | bigint, expected: string | number | bigint): void {
    if (!this.expect(name, seen, expected)) throw new ProofEnded(name);
  }

  /**
   * Announces figures that a specification asks for, by name. One that is not judged by {@link figure}
   * when the proof ends has failed: it was not reached.
   */
  ask(figures: Readonly<Record<string, string>>): void {
    for (const [name, asked] of Object.entries(figures)) this.#asked.set(name, asked);
  }

  /** Judges a figure that was announced. What is asked stands beside what was seen. */
  figure(name: string, seen: string, isReached: boolean): void {
    const expected = this.#asked.get(name);
    if (expected === undefined) throw new Error(`The figure "${name}" was not announced with ask.`);
    this.#asked.delete(name);
    // One that failed says anyway what was expected.
    const meaning = isReached ? `asked: ${expected}` : undefined;
    this.#record({ name, expected, seen, ok: isReached }, meaning);
  }

  /** Ends the proof: what it is about does not exist on this host, for this reason. */
  unsupported(reason: string): never {
    this.#print(`  n/a   ${reason}`);
    throw new HostLacks(reason);
  }

  /** Runs the steps of a stage; an error is a check that did not hold, never an exception. */
  conclude(steps: () => void): Verdict {
    this.#begin();
    try {
      steps();
    } catch (error) {
      return this.#end({ thrown: error });
    }
    return this.#end();
  }

  /** The same for steps that wait for Node's event loop. */
  async concludeAsync(steps: () => Promise<void>): Promise<Verdict> {
    this.#begin();
    try {
      await steps();
    } catch (error) {
      return this.#end({ thrown: error });
    }
    return this.#end();
  }

  #begin(): void {
    if (this.#isConcluded) throw new Error('This stage ran already: construct another one.');
    this.#isConcluded = true;
  }

  /** @param failure what the steps threw, if they did; it may be undefined itself. */
  #end(failure?: { readonly thrown: unknown }): Verdict {
    const thrown = failure?.thrown;
    const lack = thrown instanceof HostLacks ? thrown.message : undefined;
    const isExpected = thrown instanceof HostLacks || thrown instanceof ProofEnded;
    if (failure !== undefined && !isExpected) {
      // Whatever it says, be it what is expected.
      const seen = thrown instanceof Error ? thrown.message : String(thrown);
      this.#record({ name: 'error', expected: 'none', seen, ok: false });
    }
    if (lack === undefined) this.#recordMissing();
    return {
      stage: this.#stage,
      claim: this.#claim,
      build,
      ...this.#judge(lack),
      checks: this.#checks,
      durationMs: Math.round(performance.now() - this.#started),
    };
  }

  #recordMissing(): void {
    for (const [name, expected] of this.#asked) {
      this.#record({ name, expected, seen: 'not reached', ok: false });
    }
  }

  #record(check: Check, meaning?: string): void {
    this.#checks.push(check);
    const but = check.ok ? '' : `, but expected ${check.expected}`;
    const what = meaning === undefined ? '' : `, ${meaning}`;
    this.#print(`  ${check.ok ? ' ok ' : 'FAIL'}  ${check.name}: ${check.seen}${but}${what}`);
  }

  #judge(lack: string | undefined): Pick<Verdict, 'verdict' | 'reason'> {
    const wrong = this.#checks.find((check) => !check.ok);
    if (wrong !== undefined) {
      const reason = `${wrong.name}: expected ${wrong.expected}, saw ${wrong.seen}`;
      return { verdict: 'failed', reason };
    }
    if (lack !== undefined) return { verdict: 'unsupported', reason: lack };
    if (this.#checks.length > 0) return { verdict: 'proven', reason: '' };
    return { verdict: 'failed', reason: 'nothing was checked' };
  }
}
