import { nativeMemory } from 'ntdllx';
import { HeartbeatServer, Stage5Reactor } from 'poc-stage5-reactor';
import { afterEach, expect, test } from 'vitest';

// Tests with servers that are broken on purpose. They run only in the release build, because
// nothing in them depends on the build.

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

/** Runs the stage with another server. @returns the first check that failed. */
async function failure(Server: typeof HeartbeatServer): Promise<string> {
  class Broken extends Stage5Reactor {
    protected override createServer(...args: ConstructorParameters<typeof HeartbeatServer>) {
      return new Server(...args);
    }
  }
  const stage = new Broken({ print: () => {} });
  const { reason } = await stage.run();
  await stage.close();
  return reason;
}

test('broken on purpose: a heartbeat that is lost on its way is missing', async () => {
  class Lossy extends HeartbeatServer {
    #beats = 0;
    protected override beat(client: number): boolean {
      this.#beats += 1;
      return this.#beats === 500 || super.beat(client);
    }
  }
  const reason = await failure(Lossy);
  const [, expected, saw] =
    /^heartbeats received by the clients: expected (\d+), saw (\d+)$/.exec(reason) ?? [];
  expect([reason, Number(saw)]).toEqual([reason, Number(expected) - 1]);
});

test('broken on purpose: clients that are cut off did not end in order', async () => {
  class Abrupt extends HeartbeatServer {
    protected override dismiss(client: Parameters<HeartbeatServer['dismiss']>[0]): void {
      if (this.clients > 50) client.connection.destroy();
      else super.dismiss(client);
    }
  }
  expect(await failure(Abrupt)).toMatch(
    /^clients that were ended in order: expected 100, saw \d+$/,
  );
});
