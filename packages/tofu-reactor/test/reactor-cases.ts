import { test } from 'vitest';
import { connectCases } from './cases/connects.js';
import { echoCases } from './cases/echo.js';
import { endCases } from './cases/ends.js';
import { serverCases } from './cases/servers.js';
import { Fixture, type TestHost } from './fixture.js';

const groups = [echoCases, endCases, serverCases, connectCases];

/** Runs every case about sockets of a kind, in one mode, on a host. */
export function runCases(
  host: Omit<TestHost, 'kernel' | 'verify' | 'createReactor'>,
  make: () => TestHost,
): void {
  for (const { list } of groups) {
    for (const { name, run, only = host.over } of list) {
      if (only !== host.over) continue;
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
