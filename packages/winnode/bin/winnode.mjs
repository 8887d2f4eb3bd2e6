#!/usr/bin/env node
import { main } from 'winnode/cli';

const { exitCode, signal } = await main(process.argv.slice(2));
process.exitCode = exitCode;
// A signal that ended the program ends this process the same way, as a shell expects. While a
// library listens to it the signal comes through the event loop, so that has to go on for a moment.
if (signal !== null) {
  process.kill(process.pid, signal);
  setTimeout(() => {}, 1_000);
}
