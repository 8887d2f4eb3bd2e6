#!/usr/bin/env node
import { main } from 'winnode/cli';

const { exitCode, signal } = await main(process.argv.slice(2));
process.exitCode = exitCode;
// A signal that ended the program ends this process the same way, as a shell expects.
if (signal !== null) process.kill(process.pid, signal);
