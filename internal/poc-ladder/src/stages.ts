import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * One stage: the short name for the command line, its package, whether it waits for a client, and
 * whether tofu's specifications require figures from it.
 */
export interface Stage {
  readonly name: string;
  readonly package: string;
  readonly accepts: boolean;
  readonly hasFigures: boolean;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  /** The properties of a stage, in the package.json of its package. */
  readonly stage?: { readonly accepts?: true; readonly hasFigures?: true };
}

const { resolve } = createRequire(import.meta.url);

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(resolve(`${name}/package.json`), 'utf8'));
}

/** Sorts 1-iocp before 1u-uds, and 2-echo before 10-x. */
const byNumber = new Intl.Collator('en', { numeric: true });

/**
 * All stages in order: the dependencies of this package whose names begin with `poc-stage`. No
 * other list of the stages exists.
 */
export const stages: readonly Stage[] = Object.keys(manifestOf('poc-ladder').dependencies ?? {})
  .filter((name) => name.startsWith('poc-stage'))
  .sort(byNumber.compare)
  .map((name) => {
    const { accepts = false, hasFigures = false } = manifestOf(name).stage ?? {};
    return { name: name.slice('poc-stage'.length), package: name, accepts, hasFigures };
  });
