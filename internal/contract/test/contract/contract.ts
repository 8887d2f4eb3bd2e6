import type { Environment } from './environment.js';

/** The names of a run's sockets: an address and a port, or the path of a file (AF_UNIX). */
export type Over = 'IP' | 'AF_UNIX';

/**
 * One behaviour that every kernel must show. If kernels differ, the contract checks which kernel
 * it runs on.
 */
export interface Contract {
  readonly name: string;
  readonly run: (env: Environment) => Promise<void> | void;
  /** Set if it applies only to sockets of one kind. */
  readonly only: Over | undefined;
}

type Run = Contract['run'] & { readonly only?: Over };

/**
 * A contract about ports, datagrams or urgent bytes, or about behaviour that was not measured for
 * AF_UNIX.
 */
export const onIP = (run: Contract['run']): Run => Object.assign(run, { only: 'IP' } as const);

/** A contract about paths. */
export const onUnix = (run: Contract['run']): Run =>
  Object.assign(run, { only: 'AF_UNIX' } as const);

/** Makes a list of contracts from an object; its keys are their names. */
export function contracts(rows: Record<string, Run>): Contract[] {
  return Object.entries(rows).map(([name, run]) => ({ name, run, only: run.only }));
}
