#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

const { exitCode, signal } = await (await load())(process.argv.slice(2));
process.exitCode = exitCode;
// A signal that ended the program also ends this process, as a shell expects. While a library
// listens for that signal, Node delivers it through the event loop: the timer keeps the event loop
// running until then.
if (signal !== null) {
  process.kill(process.pid, signal);
  setTimeout(() => {}, 1_000);
}

async function load() {
  try {
    return (await import('winnode/cli')).main;
  } catch (error) {
    const isOwn = error.url?.startsWith(new URL('../dist/', import.meta.url).href);
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !isOwn) throw error;
    process.stderr.write(
      `winnode: this copy of the package is not built: ${fileURLToPath(error.url)} does not exist.\n` +
        'Install the package again. In a clone of its repository, build it.\n',
    );
    return () => ({ exitCode: 1, signal: null });
  }
}
