import * as nodeNet from 'node:net';
import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import { expect } from 'vitest';
import { anyScript, runScript, type Script, type ScriptLog, type Transport } from './net-script.js';

/** The pauses after a step. A difference counts only if the longest pause shows it, too. */
const pacesMs = [2, 20, 60];

/** libuv refuses to reset a socket whose sending side is being shut down. */
const refusedReset = 'error EINVAL reset';
const received = 'error ECONNRESET read';

/**
 * True if both logs are equal, up to one of two differences, after which the rest differs, too:
 *
 * - Under Wine 8 a receive after a reset returns 0, like at the end of a stream (X01). `node:net`
 *   then emits `end`; the reactor recognizes the reset. How many bytes arrive before a reset is not
 *   determined.
 * - `resetAndDestroy` right after `end`: libuv refuses it with EINVAL, and `node:net` emits that
 *   error and closes in order; the reactor resets, as the caller demands.
 */
function isSame(node: ScriptLog, own: ScriptLog): boolean {
  if ([...node.client, ...node.server].includes(refusedReset)) return true;
  return (['client', 'server'] as const).every((side) => {
    const at = own[side].findIndex((event, index) => event !== node[side][index]);
    if (at === -1) return own[side].length === node[side].length;
    // Bytes that arrived before are one event.
    const reset = own[side][at]?.startsWith('data ') ? at + 1 : at;
    const nodes = node[side][at]?.startsWith('data ') ? at + 1 : at;
    const isEnd = ['end', received].includes(node[side][nodes] ?? '');
    return own[side][reset] === received && isEnd;
  });
}

/**
 * Runs random scripts on `node:net` and on its counterpart, and compares the events of each socket
 * and their order. Scripts with a difference are shrunk.
 *
 * @param scripts how many; a multiple of four.
 */
export async function checkDifference(scripts: number): Promise<void> {
  const reactor = new Reactor();
  const transports = [nodeNet, netOn(reactor)] as unknown as readonly Transport[];
  const compare = async (script: Script) => {
    let logs: readonly ScriptLog[] = [];
    for (const paceMs of pacesMs) {
      logs = await Promise.all(transports.map((each) => runScript(each, script, paceMs)));
      if (isSame(logs[0] as ScriptLog, logs[1] as ScriptLog)) return;
    }
    expect(logs[1]).toEqual(logs[0]);
  };
  // Four scripts at a time.
  const group = fc.tuple(anyScript, anyScript, anyScript, anyScript);
  try {
    await checkProperty(
      fc.asyncProperty(group, async (each) => {
        await Promise.all(each.map(compare));
      }),
      scripts / 4,
    );
  } finally {
    await reactor.close();
  }
}
