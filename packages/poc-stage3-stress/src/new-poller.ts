import { AfdPoller } from 'afd-poller';

/** Creates a poller. */
export type NewPoller = <T>() => AfdPoller<T>;

/**
 * Creates a poller whose waits may block the main thread, because a stage has the thread to
 * itself.
 */
export const blockingPoller: NewPoller = <T>() => new AfdPoller<T>({ allowMainThread: true });
