import { isMainThread } from 'node:worker_threads';
import { CompletionPort, portMemoryBytes, postPacket } from 'nt-afd';
import { type HANDLE, isRealKernel, type Kernel, ntKernel } from 'ntdllx';
import { WAIT_OBJECT_0, WAIT_TIMEOUT, WaitForSingleObject } from 'ntdllx/kernel32';
import { missingLibuvFunctions } from 'ntdllx/libuv';
import { ReactorError } from './errors.js';
import type { CheckedOptions, ReactorMode } from './options.js';

/** The mode of a reactor, and the reason for it. */
export interface ChosenMode {
  readonly mode: ReactorMode;
  readonly reason: string;
}

/**
 * Chooses the mode from the options and from what the host supports.
 *
 * @throws {ReactorError} `ERR_REACTOR_MODE` if the requested mode is not possible, with the
 *   reason.
 */
export function chooseMode(options: CheckedOptions): ChosenMode {
  const { mode, kernel, watchPort, startThread } = options;
  const requested = 'the options request it';
  if (mode === 'blocking') return { mode, reason: requested };
  const hasThread = startThread !== undefined || isRealKernel(kernel);
  if (mode === 'thread') {
    if (hasThread) return { mode, reason: requested };
    throw new ReactorError(
      'ERR_REACTOR_MODE',
      "The mode 'thread' is not possible on a simulated kernel, on which no other thread can wait. " +
        "Use mode: 'blocking'.",
    );
  }
  const obstacle = watchPort === undefined ? loopObstacle(kernel) : undefined;
  if (obstacle === undefined) {
    const reason = 'node.exe exports libuv, and the handle of a port can be waited for';
    return { mode: 'loop', reason: mode === 'loop' ? requested : reason };
  }
  if (mode === 'auto') return { mode: hasThread ? 'thread' : 'blocking', reason: obstacle };
  throw new ReactorError(
    'ERR_REACTOR_MODE',
    `The mode 'loop' is not possible here: ${obstacle}. Use mode: 'thread'.`,
  );
}

/** Why `loop` is not possible on this host and thread; undefined if it is possible. */
function loopObstacle(kernel: Kernel): string | undefined {
  if (!isRealKernel(kernel)) return 'the kernel is a simulated one';
  if (!isMainThread)
    return 'this thread is a worker, and only the main thread has the default loop';
  const missing = missingLibuvFunctions();
  if (missing.length > 0) return `${process.execPath} does not export ${missing.join(', ')}`;
  if (!isPortWaitable()) return 'this system does not signal the handle of a completion port';
  return undefined;
}

let isWaitable: boolean | undefined;

/**
 * True if the handle of a port is signalled exactly while the port has packets. This was measured
 * on Wine 8 and 10. For Windows it is not documented (unverified), so each process probes it once.
 */
export function isPortWaitable(): boolean {
  isWaitable ??= probePortWait();
  return isWaitable;
}

function probePortWait(): boolean {
  const memory = ntKernel.allocate(portMemoryBytes);
  try {
    const port = new CompletionPort(ntKernel, memory);
    const look = (handle: HANDLE) => WaitForSingleObject(handle, 0);
    try {
      const empty = look(port.handle);
      postPacket(ntKernel, port.handle, 1, 1, 0, 0);
      const filled = look(port.handle);
      // The wait must not remove the packet.
      const taken = port.take(0);
      const emptied = look(port.handle);
      return (
        empty === WAIT_TIMEOUT &&
        filled === WAIT_OBJECT_0 &&
        taken === 1 &&
        emptied === WAIT_TIMEOUT
      );
    } finally {
      port.close();
    }
  } finally {
    memory.free();
  }
}
