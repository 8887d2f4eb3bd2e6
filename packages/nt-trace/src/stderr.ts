import { writeSync } from 'node:fs';

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes a line to standard error synchronously. A thread that then blocks in the kernel could not
 * write the buffer of a stream.
 */
export function writeLine(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(2, bytes, sent);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The reader has closed the pipe, or the disk is full. The traced program must go on.
      if (code !== 'EAGAIN') return;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}
