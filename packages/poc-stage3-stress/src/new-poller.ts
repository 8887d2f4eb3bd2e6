import { AfdPoller } from 'afd-poller';

/** Makes a poller. */
export type NewPoller = <T>() => AfdPoller<T>;

/** One whose waits block: a stage has its thread for itself. */
export const blockingPoller: NewPoller = <T>() => new AfdPoller<T>({ allowMainThread: true });
