import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Address, HANDLE } from 'ntdllx';

/** One cancel: NtCancelIoFileEx of `block`, or NtCancelIoFile where there is none. */
export interface ThreadCancel {
  readonly file: HANDLE;
  readonly block: Address | undefined;
  /** 16 bytes for the call alone. */
  readonly scratch: Address;
}

/** Cancels in a thread that submitted no request, and waits for its end. @returns the status by name. */
export async function cancelInThread(cancel: ThreadCancel): Promise<string> {
  const worker = new Worker(new URL('./cancel-thread.js', import.meta.url), { workerData: cancel });
  const ended = once(worker, 'exit');
  const [status] = await once(worker, 'message');
  await ended;
  return status as string;
}
