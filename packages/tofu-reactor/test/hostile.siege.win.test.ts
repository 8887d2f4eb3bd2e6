import { afterAll, beforeAll, test } from 'vitest';
import { expectNoHandleAbove, nextHandle } from './cycles.js';
import { hostileCases } from './hostile.js';

let handle: number;

beforeAll(async () => {
  // What Node creates once: threads, contexts of TLS.
  for (const run of Object.values(hostileCases)) await run({ peers: 20, bytes: 1e6, resets: 50 });
  handle = nextHandle();
});
afterAll(() => expectNoHandleAbove(handle));

const scale = { peers: 200, bytes: 100_000_000, resets: 10_000 };

test.each(Object.entries(hostileCases))(
  'a server with limited memory survives %s, and serves others',
  (_, run) => run(scale),
);
