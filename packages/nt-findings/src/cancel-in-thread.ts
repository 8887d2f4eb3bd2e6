import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Address, HANDLE } from 'ntdllx';

/** One cancel: NtCancelIoFileEx of `block`, or NtCancelIoFile without a `block`. */
export interface ThreadCancel {
  readonly file: HANDLE;
  readonly block: Address | undefined;
  /** 16 bytes for use by the call. */
  readonly scratch: Address;
}

/**
 * Cancels in a thread that has submitted no request, and waits for the thread to end.
 *
 * @returns the name of the status
 */
export async function cancelInThread(cancel: ThreadCancel): Promise<string> {
  const worker = new Worker(new URL('./cancel-thread.js', import.meta.url), { workerData: cancel });
  const ended = once(worker, 'exit');
  const [status] = await once(worker, 'message');
  await ended;
  return status as string;
}
