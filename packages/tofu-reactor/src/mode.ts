import { isMainThread } from 'node:worker_threads';
import { CompletionPort, portMemoryBytes, postPacket } from 'nt-afd';
import { type HANDLE, isRealKernel, type Kernel, ntKernel } from 'ntdllx';
import { WAIT_OBJECT_0, WAIT_TIMEOUT, WaitForSingleObject } from 'ntdllx/kernel32';
import { missingLibuvFunctions } from 'ntdllx/libuv';
import { ReactorError } from './errors.js';
import type { CheckedOptions, ReactorMode } from './options.js';

/** The mode that a reactor has, and why. */
export interface ChosenMode {
  readonly mode: ReactorMode;
  readonly reason: string;
}

/**
 * Chooses by asking the host.
 *
 * @throws {ReactorError} `ERR_REACTOR_MODE` where what was asked for is not possible, with the reason.
 */
export function chooseMode(options: CheckedOptions): ChosenMode {
  const { mode, kernel, watchPort, startThread } = options;
  const asked = 'as the options say';
  if (mode === 'blocking') return { mode, reason: asked };
  const hasThread = startThread !== undefined || isRealKernel(kernel);
  if (mode === 'thread') {
    if (hasThread) return { mode, reason: asked };
    throw new ReactorError('ERR_REACTOR_MODE', 'No thread can wait on a simulated kernel.');
  }
  const obstacle = watchPort === undefined ? loopObstacle(kernel) : undefined;
  if (obstacle === undefined) {
    const reason = 'node.exe exports libuv, and the handle of a port can be waited for';
    return { mode: 'loop', reason: mode === 'loop' ? asked : reason };
  }
  if (mode === 'auto') return { mode: hasThread ? 'thread' : 'blocking', reason: obstacle };
  throw new ReactorError(
    'ERR_REACTOR_MODE',
    `A reactor cannot live in Node's event loop here: ${obstacle}. Use mode: 'thread'.`,
  );
}

/** Why there is no `loop` mode here; undefined where there is. */
function loopObstacle(kernel: Kernel): string | undefined {
  if (!isRealKernel(kernel)) return 'the kernel is a simulated one';
  if (!isMainThread) return "uv_default_loop is the main thread's loop, and this is a worker";
  const missing = missingLibuvFunctions();
  if (missing.length > 0) return `${process.execPath} does not export ${missing.join(', ')}`;
  if (!isPortWaitable()) return 'the handle of a completion port cannot be waited for here';
  return undefined;
}

let isWaitable: boolean | undefined;

/**
 * Whether the handle of a port is signalled exactly while the port has packets: measured on Wine 8 and 10;
 * of Windows not documented (unverified), so it is asked once in a process.
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
      // A wait must not take the packet.
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
