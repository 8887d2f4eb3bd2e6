import type { Environment } from './environment.js';

/** One behaviour that every kernel must show; where kernels differ it asks which one it is on. */
export interface Contract {
  readonly name: string;
  readonly run: (env: Environment) => Promise<void> | void;
}

/** A list of contracts from an object: its keys are the names. */
export function contracts(rows: Record<string, Contract['run']>): Contract[] {
  return Object.entries(rows).map(([name, run]) => ({ name, run }));
}
