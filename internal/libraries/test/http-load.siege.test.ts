import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';

// autocannon on this host against an HTTP server in Windows Node, whose sockets are the reactor's.

const host = describeHost();
const script = fileURLToPath(new URL('./http-server.mjs', import.meta.url));
const requests = 10_000;
const path = '/a/path/that/the/server/answers/with';

describe.skipIf(host.kind === 'none')(`an HTTP server under load ${host.reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  /** Starts the server. */
  async function start() {
    const lines: Record<string, number>[] = [];
    let hasStarted = () => {};
    const started = new Promise<void>((resolve) => {
      hasStarted = resolve;
    });
    const ended = session.run([script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => {
        createInterface({ input: stdout as NodeJS.ReadableStream }).on('line', (line) => {
          lines.push(JSON.parse(line));
          hasStarted();
        });
      },
    });
    await Promise.race([started, ended]);
    return { url: `http://127.0.0.1:${lines[0]?.['port']}`, lines, ended };
  }

  test.each([
    ['over 50 connections that are kept alive', 50, requests],
    // autocannon sends the next request into a connection that the server ends, and counts it as
    // made. So each of its runs has one request for each connection.
    ['each over its own connection', 500, 500],
  ])(
    `${requests} requests %s: every answer is right, and no error`,
    async (_, connections, amount) => {
      const { url, lines, ended } = await start();
      const headers = connections === amount ? { connection: 'close' } : {};
      for (let asked = 0; asked < requests; asked += amount) {
        const options = { url: `${url}${path}`, amount, connections, headers, expectBody: path };
        const result = await autocannon(options);
        const { errors, timeouts, mismatches, non2xx, resets } = result;
        expect({ answers: result['2xx'], errors, timeouts, mismatches, non2xx, resets }).toEqual({
          answers: amount,
          errors: 0,
          timeouts: 0,
          mismatches: 0,
          non2xx: 0,
          resets: 0,
        });
      }
      await fetch(`${url}/end`);
      expect((await ended).exitCode).toBe(0);
      expect(lines[1]).toEqual({ answered: requests, failed: 0, connections: 0, servers: 0 });
    },
  );
});
