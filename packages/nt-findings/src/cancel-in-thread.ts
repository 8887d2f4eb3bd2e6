import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Address, HANDLE } from 'ntdllx';

/** One call: NtCancelIoFileEx for the request with `block`; without a `block` NtCancelIoFile. */
export interface ThreadCancel {
  readonly file: HANDLE;
  readonly block: Address | undefined;
  /** The address of 16 bytes, into which the call writes its own IO_STATUS_BLOCK. */
  readonly scratch: Address;
}

/**
 * Calls it in a new thread, which has submitted no request, and waits until the thread ends.
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
