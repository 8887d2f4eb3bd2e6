import { test } from 'vitest';
import { connectCases } from './cases/connects.js';
import { datagramCases } from './cases/datagrams.js';
import { echoCases } from './cases/echo.js';
import { endCases } from './cases/ends.js';
import { serverCases } from './cases/servers.js';
import { streamCases } from './cases/streams.js';
import { type Cases, Fixture, type TestHost } from './fixture.js';

const groups = [echoCases, endCases, serverCases, connectCases, datagramCases, streamCases];

/**
 * Runs every case for one kind of sockets, in one mode, on a host.
 *
 * @param chosen the cases to run; default: all.
 * @param isChosen whether the next of these cases runs; default: every case runs.
 */
export function runCases(
  host: Omit<TestHost, 'kernel' | 'verify' | 'createReactor'>,
  make: () => TestHost,
  chosen: readonly Cases[] = groups,
  isChosen = () => true,
): void {
  for (const { list } of chosen) {
    for (const { name, run, only = host.over } of list) {
      if (only !== host.over || !isChosen()) continue;
      test(`${name} [${host.mode}]`, async () => {
        const fixture = new Fixture(make());
        try {
          await run(fixture);
        } finally {
          await fixture.close();
        }
      });
    }
  }
}
