import { constants } from 'node:os';
import type { Output } from './output.js';
import type { Service } from './service.js';

/** How long connections may stay open after Ctrl-C, in milliseconds. Then they are reset. */
const graceMs = 1_000;
/** The pause between two changes of the live line, in milliseconds. */
const livePauseMs = 250;

const signals = ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP'] as const;

/**
 * Calls a function with the first signal that asks the process to end. Another signal ends the
 * process at once, with 128 and the signal's number as the exit code.
 *
 * @returns a function that restores the handling of signals.
 */
export function onFirstSignal(first: () => void): () => void {
  let isFirst = true;
  const take = (signal: NodeJS.Signals) => {
    if (!isFirst) process.exit(128 + constants.signals[signal]);
    isFirst = false;
    first();
  };
  for (const signal of signals) process.on(signal, take);
  return () => {
    for (const signal of signals) process.off(signal, take);
  };
}

/**
 * Prints where a service listens, shows its state until the user ends it, and prints the summary.
 * Connections that are open at the end have a second to end; after that they are reset.
 *
 * @param ended resolves when the user ends the service.
 */
export async function serve(service: Service, output: Output, ended: Promise<void>): Promise<void> {
  output.print(service.announcement, {
    event: 'listening',
    ...service.listening,
    pid: process.pid,
  });
  const live = setInterval(() => output.show(() => service.describe()), livePauseMs);
  await ended;
  clearInterval(live);
  const stopped = service.stop();
  const { open } = service;
  if (open > 0) {
    const line = `Ending: ${open} open connections have a second to end. Ctrl-C again ends at once.`;
    output.print(line, { event: 'ending', open });
  }
  const grace = setTimeout(() => service.cut(), graceMs);
  await stopped;
  clearTimeout(grace);
  output.print(service.summarize().join('\n'), { event: 'summary', ...service.counts() });
}
