import { performance } from 'node:perf_hooks';
import { build } from './build.js';

/** One check of a stage: the expected value and the observed one. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

/** The verdict of a stage. Printed as one line of JSON. */
export interface Verdict {
  readonly stage: string;
  readonly claim: string;
  readonly build: 'debug' | 'release';
  /**
   * `proven` only if there was at least one check and every check passed; `unsupported`: see
   * `reason`.
   */
  readonly verdict: 'proven' | 'failed' | 'unsupported';
  /** The first failed check, in words; empty if proven. */
  readonly reason: string;
  readonly checks: readonly Check[];
  readonly durationMs: number;
}

/** Ends a proof at a failed check on which the later checks depend. */
class ProofEnded extends Error {}

/** Ends a proof on a host that lacks the proven feature. */
class HostLacks extends Error {}

/** Prints a line of text; never buffers, because the thread may block next. */
export type Print = (line: string) => void;

/** Formats a value for a check: NT's numbers in hexadecimal if that is their usual form. */
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
  /** Announced figures that were not judged yet: name to requirement. */
  readonly #asked = new Map<string, string>();
  #isConcluded = false;

  constructor(stage: string, claim: string, print: Print) {
    this.#stage = stage;
    this.#claim = claim;
    this.#print = print;
    print(`${stage} (${build} build): ${claim}`);
  }

  /** Prints an action for the reader; proves nothing. */
  note(line: string): void {
    this.#print(`      ${line}`);
  }

  /**
   * Compares the values, prints and records the check. Later checks still run.
   *
   * @param meaning the meaning of the expected value, if the value does not explain itself
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

  /** Compares the values as {@link expect} does. If the check fails, the proof ends here. */
  require(name: string, seen: string | number | bigint, expected: string | number | bigint): void {
    if (!this.expect(name, seen, expected)) throw new ProofEnded(name);
  }

  /**
   * Announces the figures that a specification requires, by name. A figure that {@link figure} has
   * not judged when the proof ends counts as failed.
   */
  ask(figures: Readonly<Record<string, string>>): void {
    for (const [name, asked] of Object.entries(figures)) this.#asked.set(name, asked);
  }

  /** Judges an announced figure. The requirement is printed beside the observation. */
  figure(name: string, seen: string, isReached: boolean): void {
    const expected = this.#asked.get(name);
    if (expected === undefined)
      throw new Error(`The figure "${name}" is unknown. Announce it with ask first.`);
    this.#asked.delete(name);
    // A failed check prints the expected value anyway.
    const meaning = isReached ? `required: ${expected}` : undefined;
    this.#record({ name, expected, seen, ok: isReached }, meaning);
  }

  /** Ends the proof: this host lacks the proven feature, for this reason. */
  unsupported(reason: string): never {
    this.#print(`  n/a   ${reason}`);
    throw new HostLacks(reason);
  }

  /** Runs the steps of a stage. An error counts as a failed check, and is not thrown. */
  conclude(steps: () => void): Verdict {
    this.#begin();
    try {
      steps();
    } catch (error) {
      return this.#end({ thrown: error });
    }
    return this.#end();
  }

  /** Runs steps that wait for Node's event loop, as {@link conclude} does. */
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
    if (this.#isConcluded) throw new Error('This stage has run already. Construct a new one.');
    this.#isConcluded = true;
  }

  /** @param failure the thrown value of the steps, if they threw; the value may be undefined. */
  #end(failure?: { readonly thrown: unknown }): Verdict {
    const thrown = failure?.thrown;
    const lack = thrown instanceof HostLacks ? thrown.message : undefined;
    const isExpected = thrown instanceof HostLacks || thrown instanceof ProofEnded;
    if (failure !== undefined && !isExpected) {
      // The message of the error is the observed value, even if it equals the expected value.
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
