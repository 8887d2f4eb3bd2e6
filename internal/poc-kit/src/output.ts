/** Whether output was lost. The program reports the loss once, and changes exit code 0 to 1. */
let isLost = false;

/**
 * Handles an error of the program's own output. If the reader has exited (`| head`), the program
 * continues silently and keeps its exit code. If output is lost in another way, for example on a
 * full disk, it prints a line to standard error, and exit code 0 becomes 1.
 */
export function noteLostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || isLost) return;
  isLost = true;
  process.on('exit', (code) => {
    if (code === 0) process.exitCode = 1;
  });
  process.stderr.write(`Standard output is incomplete: ${error.message}\n`);
}

/** Keeps this program running after its readers have exited: see {@link noteLostOutput}. */
export function guardOutput(): void {
  process.stdout.on('error', noteLostOutput);
  // A failed write to standard error must not change the exit code.
  process.stderr.on('error', () => {});
}
