import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimNt } from 'sim-nt';
import { createReactor, HttpServer } from 'tofu-reactor/internal';
import { netOn } from 'tofu-reactor/net';
import { TCPServerAddress } from 'tofu-sockets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fixture } from './fixture.js';

// `tofu http` on the simulated kernel: client and server are node:http over streams of the reactor.

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tofu http ')));
const root = join(scratch, 'public');
const page = '<h1>Tofu</h1>\n';
const digits = '0123456789';
const large = Buffer.from(Array.from({ length: 1_000_000 }, (_, place) => (place * 31) & 0xff));
const secret = 'not for the public';

beforeAll(() => {
  mkdirSync(join(root, 'sub'), { recursive: true });
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'index.html'), page);
  writeFileSync(join(root, 'sub', 'index.html'), page);
  writeFileSync(join(root, 'digits.txt'), digits);
  writeFileSync(join(root, 'large.bin'), large);
  writeFileSync(join(root, 'with space ü.txt'), digits);
  mkdirSync(`${root}-other`);
  for (const name of ['secret.txt', 'public/.secret.txt', 'public-other/secret.txt']) {
    writeFileSync(join(scratch, name), secret);
  }
  mkdirSync(join(root, '.git'));
  writeFileSync(join(root, '.git', 'config'), secret);
  symlinkSync(join(scratch, 'secret.txt'), join(root, 'link.txt'), 'file');
  symlinkSync(scratch, join(root, 'linked'), 'junction');
  symlinkSync(join(root, '.git', 'config'), join(root, 'dot-link.txt'), 'file');
  symlinkSync(join(root, 'digits.txt'), join(root, 'inner.txt'), 'file');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Ask = (path: string, method?: string, headers?: Record<string, string>) => Promise<Answer>;

/** Runs a function with a server, and with a client of it. */
async function withServer(run: (ask: Ask, server: HttpServer) => Promise<void>): Promise<void> {
  const sim = createSimNt({ seed: 20_261_130, profile: 'windows', network: 'lazy' });
  const { kernel, nowMs: now } = sim;
  const fixture = new Fixture({
    mode: 'blocking',
    over: 'IP',
    isSimulated: true,
    kernel,
    createReactor: (options) => createReactor({ ...options, kernel, now }),
    verify: () => expect(sim.violations).toEqual([]),
  });
  const options = { directory: root, listenAt: new TCPServerAddress(), maxConnections: 10 };
  const server = await HttpServer.start(fixture.reactor(), options, { problem() {} });
  const port = Number(server.listening.address.split('|').at(-1));
  const net = netOn(fixture.reactor());
  const ask: Ask = (path, method = 'GET', headers = {}) =>
    new Promise((resolve, reject) => {
      const createConnection = () => net.connect(port, '127.0.0.1');
      const request = sendRequest({ path, method, headers, createConnection }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status, headers: own } = response;
          resolve({ status, headers: own, body: Buffer.concat(pieces) });
        });
      });
      request.on('error', reject);
      request.end();
    });
  try {
    await run(ask, server);
    await server.stop();
  } finally {
    server.cut();
    await fixture.close();
  }
}

describe('files of the directory', () => {
  test.each([
    ['/', page, 'text/html; charset=utf-8'],
    ['/index.html?query#part', page, 'text/html; charset=utf-8'],
    ['/sub/', page, 'text/html; charset=utf-8'],
    ['/digits.txt', digits, 'text/plain; charset=utf-8'],
    ['/with%20space%20%C3%BC.txt', digits, 'text/plain; charset=utf-8'],
    ['/inner.txt', digits, 'text/plain; charset=utf-8'],
    ['http://example.org/digits.txt', digits, 'text/plain; charset=utf-8'],
  ])('%s', (path, body, type) =>
    withServer(async (ask) => {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': type } });
      expect(answer.body.toString()).toBe(body);
    }),
  );

  test('GET, range and HEAD of a large file, and 304 if the client has it', () =>
    withServer(async (ask, server) => {
      const whole = await ask('/large.bin');
      expect(whole.body.equals(large)).toBe(true);
      const part = await ask('/large.bin', 'GET', { range: 'bytes=1000-1999' });
      expect(part).toMatchObject({
        status: 206,
        headers: { 'content-range': 'bytes 1000-1999/1000000' },
      });
      expect(part.body.equals(large.subarray(1_000, 2_000))).toBe(true);
      const last = await ask('/digits.txt', 'GET', { range: 'bytes=-3' });
      expect(last.body.toString()).toBe('789');
      const head = await ask('/large.bin', 'HEAD');
      expect(head).toMatchObject({ status: 200, headers: { 'content-length': '1000000' } });
      expect(head.body).toHaveLength(0);
      const known = { 'if-none-match': String(whole.headers.etag) };
      expect(await ask('/large.bin', 'GET', known)).toMatchObject({ status: 304 });
      expect(server.counts()).toMatchObject({ accepted: 5, requests: 5, broken: 0 });
    }));

  test.each([
    ['bytes=5-2', 416],
    ['bytes=99-', 416],
    ['lines=1', 200],
    ['bytes=x', 416],
  ])('an invalid range: %s', (range, status) =>
    withServer(async (ask) => {
      expect(await ask('/digits.txt', 'GET', { range })).toMatchObject({ status });
    }),
  );

  test('a directory without a slash is redirected, and one without a page is not listed', () =>
    withServer(async (ask) => {
      expect(await ask('/sub')).toMatchObject({ status: 301, headers: { location: '/sub/' } });
      expect(await ask('//sub')).toMatchObject({ status: 301, headers: { location: '/sub/' } });
      expect(await ask('/empty/')).toMatchObject({ status: 404 });
    }));

  test('other methods are refused', () =>
    withServer(async (ask) => {
      const answer = await ask('/digits.txt', 'POST');
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }));
});

test.each([
  '/nothing',
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/..%5csecret.txt',
  '/sub/../../secret.txt',
  '/sub/..%2f..%2fsecret.txt',
  '/../public-other/secret.txt',
  '/.secret.txt',
  '/%2esecret.txt',
  '/.git/config',
  '/link.txt',
  '/dot-link.txt',
  '/linked/secret.txt',
  '/linked/public/.secret.txt',
  '/digits.txt/',
  '/digits.txt%00',
  '/%',
  '/%ff',
  '*',
  'secret.txt',
])('a path outside the directory or a hidden file is not served: %s', (path) =>
  withServer(async (ask) => {
    const { status, body } = await ask(path);
    expect([400, 403, 404]).toContain(status);
    expect(body.toString()).not.toContain(secret);
  }),
);
