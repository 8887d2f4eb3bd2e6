import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { findGenerator, type Generator, Loader, workloads } from '@tofu-nt/bench';
import { afterEach, describe, expect, test } from 'vitest';

// Both generators, against echo servers of this host.

function generatorInC(): Generator | undefined {
  try {
    return findGenerator('c');
  } catch {
    return undefined;
  }
}

/**
 * By workload: more messages than it has in flight at a time, so that answered connections send
 * again.
 */
const fewMessages: Readonly<Record<string, number>> = { W1: 10, W4: 10, W5: 20 };

const inC = generatorInC();
const generators = [findGenerator('node'), ...(inC === undefined ? [] : [inC])];
const servers: Server[] = [];
const loaders: Loader[] = [];

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const echo = (socket: Socket) => {
  socket.on('data', (data) => void socket.write(data));
};

afterEach(async () => {
  for (const loader of loaders.splice(0)) await loader.close();
  for (const server of servers.splice(0)) server.close();
});

test.skipIf(inC === undefined)('on Linux with cc the bench uses the generator in C', () => {
  expect(findGenerator()).toEqual(inC);
});

describe.each(generators)('the generator in $name', (generator) => {
  const open = async (port: number, id: string): Promise<Loader> => {
    const load = workloads.find((workload) => workload.id === id)?.load;
    if (load === undefined) throw new Error(`There is no workload ${id}.`);
    const loader = await Loader.open(generator, port, load);
    loaders.push(loader);
    return loader;
  };

  // The generator in C, if there is one, is the one that measures.
  const all = workloads.map(({ id }) => id);
  test.each(generator === generators.at(-1) ? all : ['W1', 'W5'])(
    '%s: the generator sends exactly the requested number of messages, twice',
    async (id) => {
      const loader = await open(await listen(echo), id);
      const few = fewMessages[id] ?? 100;
      for (const messages of [few, 2 * few]) {
        const result = await loader.count(messages);
        expect(result).toMatchObject({ messages, total: messages, generator: generator.name });
        expect(result.seconds).toBeGreaterThan(0);
      }
    },
  );

  test('the least and the most served connection are distinguished', async () => {
    // The server answers every fourth connection late.
    let connections = 0;
    const port = await listen((socket) => {
      connections += 1;
      const isLate = connections % 4 === 0;
      socket.on('data', (data) => {
        if (isLate) setTimeout(() => socket.write(data), 20);
        else socket.write(data);
      });
    });
    const loader = await open(port, 'W2');
    const { messages, slowest, fastest } = await loader.time(0.05, 0.3);
    expect(slowest).toBeGreaterThan(0);
    expect(slowest).toBeLessThan(messages / 64);
    expect(fastest).toBeGreaterThan(messages / 64);
    const even = await (await open(await listen(echo), 'W1')).count(50);
    expect(even).toMatchObject({ messages: 50, slowest: 50, fastest: 50 });
  });

  test('a command with a time reports rate, bytes and latencies', async () => {
    const loader = await open(await listen(echo), 'W2');
    const result = await loader.time(0.05, 0.2);
    expect(result.messages).toBeGreaterThan(0);
    expect(result.total).toBeGreaterThan(result.messages);
    expect(result.bytes).toBe(64 * result.messages);
    expect(result.seconds).toBeGreaterThan(0.19);
    expect(result.p50us).toBeGreaterThan(0);
    expect(result.p99us).toBeGreaterThanOrEqual(result.p50us);
    expect(result.p999us).toBeGreaterThanOrEqual(result.p99us);
  });

  test.each(['W1', 'W4', 'W5'])(
    '%s: a wrong byte late in the stream ends the generator with an error',
    async (id) => {
      let seen = 0;
      const port = await listen((socket) => {
        socket.on('data', (data) => {
          seen += data.byteLength;
          const copy = Buffer.from(data);
          if (seen > 3_000) copy[copy.byteLength - 1] = (copy.at(-1) as number) ^ 1;
          socket.write(copy);
        });
      });
      const loader = await open(port, id);
      await expect(loader.count(500)).rejects.toThrow('The load generator ended');
    },
  );

  test('a server that closes the connection ends the generator with an error', async () => {
    const port = await listen((socket) => {
      socket.once('data', () => socket.end());
    });
    const loader = await open(port, 'W1');
    await expect(loader.count(5)).rejects.toThrow('The load generator ended');
  });
});
