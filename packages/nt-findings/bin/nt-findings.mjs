#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = import.meta.resolve('nt-findings/cli');
if (existsSync(fileURLToPath(cli))) {
  const { exitCode, signal } = await (await import(cli)).main(process.argv.slice(2));
  process.exitCode = exitCode;
  // A signal that ended the work ends this process, too. While a library listens for that signal,
  // Node delivers it through the event loop: the timer keeps the event loop running until then.
  if (signal !== null) {
    process.kill(process.pid, signal);
    setTimeout(() => {}, 1_000);
  }
} else {
  process.stderr.write(
    `nt-findings: this copy of the package is not built: ${fileURLToPath(cli)} does not exist.\n` +
      'Install the package again. In a clone of tofu-nt run: npm run setup\n',
  );
  process.exitCode = 1;
}
