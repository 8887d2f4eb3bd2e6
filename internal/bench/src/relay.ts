import type { CallCounts } from './counting-kernel.js';

/** The NT calls that Wine's relay channel shows: those for sockets, ports and waits. */
export const relayedCalls = [
  'NtCancelIoFile',
  'NtCancelIoFileEx',
  'NtClose',
  'NtCreateEvent',
  'NtCreateFile',
  'NtCreateIoCompletion',
  'NtDelayExecution',
  'NtDeviceIoControlFile',
  'NtDuplicateObject',
  'NtFsControlFile',
  'NtOpenFile',
  'NtQueryInformationFile',
  'NtQueryPerformanceCounter',
  'NtQueryVolumeInformationFile',
  'NtReadFile',
  'NtReleaseSemaphore',
  'NtRemoveIoCompletion',
  'NtRemoveIoCompletionEx',
  'NtResetEvent',
  'NtSetEvent',
  'NtSetInformationFile',
  'NtSetIoCompletion',
  'NtSignalAndWaitForSingleObject',
  'NtWaitForMultipleObjects',
  'NtWaitForSingleObject',
  'NtWriteFile',
] as const;

/**
 * The arguments of `reg` that limit the relay channel to these calls; all calls would be too many.
 */
export const relayFilter: readonly string[] = [
  'add',
  'HKCU\\Software\\Wine\\Debug',
  '/v',
  'RelayInclude',
  '/d',
  relayedCalls.map((name) => `ntdll.${name}`).join(';'),
  '/f',
];

/** Counts the calls in Wine's output, which arrives in pieces. */
export class RelayCounter {
  readonly #counts: CallCounts = {};
  #rest = '';

  /** A piece of Wine's standard error. */
  read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      // 0024:Call ntdll.NtClose(00000088) ret=...
      const name = /Call ntdll\.(Nt\w+)\(/.exec(line)?.[1];
      if (name !== undefined) this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    }
  }

  /** The counts up to now. */
  counts(): CallCounts {
    return { ...this.#counts };
  }
}
