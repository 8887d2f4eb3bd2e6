import * as nodeNet from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import { expect } from 'vitest';
import { anyScript, runScript, type ScriptLog, type Transport } from './net-script.js';

/** The pauses after a step. A difference counts only if the longest pause shows it, too. */
const pacesMs = [2, 20, 60];

/**
 * Runs random scripts on `node:net` and on its counterpart, and compares the events of each socket
 * and their order. A script with a difference is shrunk.
 */
export async function checkDifference(runs: number): Promise<void> {
  const reactor = new Reactor();
  const transports = [nodeNet, netOn(reactor)] as unknown as readonly Transport[];
  try {
    await checkProperty(
      fc.asyncProperty(anyScript, async (script) => {
        let logs: readonly ScriptLog[] = [];
        for (const paceMs of pacesMs) {
          logs = await Promise.all(transports.map((each) => runScript(each, script, paceMs)));
          if (isDeepStrictEqual(logs[0], logs[1])) return;
        }
        expect(logs[1]).toEqual(logs[0]);
      }),
      runs,
    );
  } finally {
    await reactor.close();
  }
}
