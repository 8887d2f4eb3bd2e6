/** Output that was lost: said once, and the exit code is then no success. */
let isLost = false;

/**
 * What becomes of a program whose own output cannot be written. Where the reader has gone away
 * (`| head`) it goes on in silence, and its exit code counts. Where output is lost otherwise, as in a
 * file on a full disk, a line on standard error says so, and exit code 0 becomes 1.
 */
export function noteLostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || isLost) return;
  isLost = true;
  process.on('exit', (code) => {
    if (code === 0) process.exitCode = 1;
  });
  process.stderr.write(`Standard output is not whole: ${error.message}\n`);
}

/** Has this program outlive its readers: see {@link noteLostOutput}. */
export function guardOutput(): void {
  process.stdout.on('error', noteLostOutput);
  // Nothing said there is worth the exit code.
  process.stderr.on('error', () => {});
}
