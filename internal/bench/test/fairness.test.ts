import { EngineServer, presetNames } from '@tofu-nt/bench';
import { createSimNt } from 'sim-nt';
import { type ClientSkt, TCPClientAddress, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

// Checks on a simulated kernel how much the engine's server does between two waits, in bytes and
// receives, not in time.

const chunk = Buffer.alloc(65_536, 1);
const message = Buffer.alloc(64, 2);

describe.each(presetNames)('%s', (preset) => {
  test.each([
    ['eager', true],
    ['asking', false],
  ])(
    'a streaming connection and 64 others: the server serves all of them in turn [%s]',
    (_, isEager) => {
      const sim = createSimNt({ seed: 1, bufferBytes: 131_072 });
      const creator = createSocketCreator(sim.kernel);
      const into = Buffer.alloc(131_072);
      let stream: ClientSkt | undefined;
      let streamed = 0;
      // After each receive of the server, the streaming client has taken its echo and sent more.
      const refill = () => {
        if (stream === undefined) return;
        for (let count = stream.recv(into); count !== wouldBlock; count = stream.recv(into)) {
          streamed += count;
        }
        while (stream.send(chunk) !== wouldBlock);
      };
      let isServing = false;
      const { recv } = sim.kernel;
      const kernel: typeof sim.kernel = {
        ...sim.kernel,
        recv: (...args) => {
          const count = recv(...args);
          if (isServing) refill();
          return count;
        },
      };
      const server = new EngineServer({ preset, bufferBytes: 65_536, isEager, kernel });
      const turn = () => {
        isServing = true;
        server.turn(0);
        isServing = false;
      };
      const skts = Array.from({ length: 65 }, () => {
        const skt = creator.fromAddress(new TCPClientAddress('127.0.0.1', server.ports.port));
        skt.connect();
        server.turn(0);
        expect(skt.finishConnect()).not.toBe(wouldBlock);
        return skt;
      });
      const [first, ...others] = skts as [ClientSkt, ...ClientSkt[]];
      stream = first;
      refill();
      for (let count = 0; count < 4; count += 1) turn();
      for (let round = 0; round < 10; round += 1) {
        for (const skt of others) skt.send(message);
        const before = streamed;
        let answered = 0;
        for (let turns = 0; turns < 4; turns += 1) {
          turn();
          for (const skt of others) if (skt.recv(into) === message.byteLength) answered += 1;
        }
        expect(answered).toBe(64);
        const each = (streamed - before) / 4;
        expect(each).toBeGreaterThan(65_536);
        expect(each).toBeLessThanOrEqual(4_194_304);
      }
      stream = undefined;
      server.close();
      for (const skt of skts) skt.close();
      expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
    },
  );
});
