import { HeartbeatServer } from 'poc-stage5-reactor';
import { expect, test } from 'vitest';
import { failure } from './failure.js';

test('broken on purpose: clients whose connection is cut count as not ended gracefully', async () => {
  class Abrupt extends HeartbeatServer {
    protected override dismiss(client: Parameters<HeartbeatServer['dismiss']>[0]): void {
      if (this.clients > 50) client.connection.destroy();
      else super.dismiss(client);
    }
  }
  expect(await failure(Abrupt)).toMatch(/^clients that ended gracefully: expected 100, saw \d+$/);
});
