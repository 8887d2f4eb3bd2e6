import type { Environment } from './environment.js';

/** What the sockets of a run are named by: an address and a port, or the path of a file (AF_UNIX). */
export type Over = 'IP' | 'AF_UNIX';

/** One behaviour that every kernel must show; where kernels differ it asks which one it is on. */
export interface Contract {
  readonly name: string;
  readonly run: (env: Environment) => Promise<void> | void;
  /** Set where it is about sockets of one kind alone. */
  readonly only: Over | undefined;
}

type Run = Contract['run'] & { readonly only?: Over };

/** A contract about ports, datagrams, urgent bytes, or what AF_UNIX was not measured for. */
export const onIP = (run: Contract['run']): Run => Object.assign(run, { only: 'IP' } as const);

/** A contract about paths. */
export const onUnix = (run: Contract['run']): Run =>
  Object.assign(run, { only: 'AF_UNIX' } as const);

/** A list of contracts from an object: its keys are the names. */
export function contracts(rows: Record<string, Run>): Contract[] {
  return Object.entries(rows).map(([name, run]) => ({ name, run, only: run.only }));
}
