import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { stages } from 'poc-ladder';
import { hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { difference, shownOutputs } from './consoles.js';
import { root } from './examples.js';
import { type Running, type Start, starter } from './running.js';
import { echo, freePort, textOf } from './tcp.js';

// Runs each command of the documentation that shows an output, and compares the real output.
// packages.siege.test.ts does so for the transcripts that the documentation includes.

const host = describeHost();
const { afUnix, pseudoTerminals } = hostProfile();
const resolved = createRequire(import.meta.url).resolve;
const [ladder, repl] = [
  resolved('poc-ladder/main'),
  join(root, 'internal/repl/dist/release/main.js'),
];
const [winnode, findings, tofu] = [
  'winnode/bin/winnode',
  'nt-findings/bin/nt-findings',
  'tofu-reactor/bin/tofu',
].map((file) => join(root, `packages/${file}.mjs`)) as [string, string, string];
const socketFile = 'C:\\run\\app.sock';

/** What a page shows, changed to fit the run, and the real output. */
interface Seen {
  readonly shown?: string;
  readonly real: string;
}

describe.skipIf(host.kind !== 'wine')(`consoles ${host.kind === 'wine' ? '' : host.reason}`, () => {
  let session: Session;
  let start: Start;
  const work = join(import.meta.dirname, '../.work/consoles');
  /** Outside of the repository: doctor reads the nearest package.json. */
  let outside: string;
  const running: Running[] = [];
  beforeAll(async () => {
    outside = mkdtempSync(join(tmpdir(), 'consoles-'));
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    session = await openSession();
    start = starter(session, work);
  }, 200_000);
  afterAll(async () => {
    for (const each of running) await each.end();
    await session.close();
    for (const place of [work, outside]) rmSync(place, { recursive: true, force: true });
  });

  /** Starts a program, and returns so many lines of its output. */
  async function print(lines: number, file: string, ...args: string[]): Promise<Seen> {
    const program = start(file, ...args);
    running.push(program);
    return { real: (await program.lines(lines)).split('\n').slice(0, lines).join('\n') };
  }

  /** Runs a command of this repository to its end. @returns both of its streams. */
  function run(script: string, ...args: string[]): string {
    const shell = ['-c', '"$0" "$@" 2>&1', process.execPath, script, ...args];
    return spawnSync('sh', shell, { cwd: outside, encoding: 'utf8' }).stdout.replaceAll('\r', '');
  }

  /** Runs a command up to a line of its output, and ends it. */
  async function runUpTo(line: RegExp, ...args: string[]): Promise<string> {
    const child = spawn(process.execPath, args, { cwd: work, stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    for await (const data of child.stdout) {
      output += String(data).replaceAll('\r', '');
      const { index = -1, 0: found = '' } = line.exec(output) ?? {};
      if (index >= 0) {
        output = output.slice(0, index + found.length);
        break;
      }
    }
    child.kill('SIGINT');
    return output;
  }

  /** A proxy from a free port to a service on a port. */
  async function proxy(shown: string): Promise<Seen & { port: number; close(): void }> {
    const service = createServer(({ url }, answer) => answer.end(`You asked for ${url}\n`));
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
    const to = `tcp|127.0.0.1|${(service.address() as AddressInfo).port}`;
    const port = await freePort();
    const seen = await print(1, tofu, 'proxy', `tcp|127.0.0.1|${port}`, to);
    const changed = shown.replace('8080', `${port}`).replace(`uds|${socketFile}`, to);
    return { ...seen, shown: changed, port, close: () => service.close() };
  }

  /** The command of a page with an AF_UNIX file, over a port. */
  async function overPort(shown: string, file: string): Promise<Seen> {
    const port = await freePort();
    const address = `{ address: '127.0.0.1', family: 'IPv4', port: ${port} }`;
    return { ...(await print(1, file, `${port}`)), shown: shown.replace(socketFile, address) };
  }

  const pathErrors = async (shown: string): Promise<Seen> => {
    const { real } = await print(4, 'path-errors.ts');
    if (afUnix.isPresent) return { real };
    // What stays true on a host without AF_UNIX.
    const lines = shown.split('\n').map((line) => {
      const [, name = '', call = ''] = /^(.* (listen|connect)s:) /.exec(line) ?? [];
      if (name.startsWith('tofu')) return `${name} ${call} EAFNOSUPPORT ...`;
      return call === 'connect' ? `${name} connect ...` : line;
    });
    return { real, shown: lines.join('\n') };
  };

  /** Every stage is in the table of the page, once per build; stage 1 is run and compared. */
  const npmStart = (shown: string): Seen => {
    const rows = [...shown.matchAll(/^(\S+) +(debug|release) +(proven|unsupported) .*\n/gm)];
    const expected = ['debug', 'release'].flatMap((build) =>
      stages.map(({ name }) => `${name} ${build} ${/^\du/.test(name) ? 'unsupported' : 'proven'}`),
    );
    expect(rows.map(([, name, build, verdict]) => `${name} ${build} ${verdict}`)).toEqual(expected);
    const others = rows.map(([row]) => row).filter((row) => !row.startsWith('1-iocp '));
    // scripts/start.mjs prints the other lines.
    const [, own = ''] = /^stage 1[\s\S]*?(?=\nReport: )/m.exec(shown) ?? [];
    const ladderOnly = others.reduce((text, row) => text.replace(row, ''), own);
    return {
      shown: `...\n${ladderOnly}`,
      real: run(ladder, '--stage', '1-iocp', '--no-report'),
    };
  };

  const doctor = (shown: string): Seen => {
    if (!shown.includes('the registry')) return { real: run(winnode, 'doctor') };
    const page = readFileSync(join(root, 'packages/winnode/README.md'), 'utf8');
    const [, probe = ''] = /^```js\n\/\/ windows-probe\.mjs\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const project = { name: 'mine', type: 'module', winnode: { probe: './windows-probe.mjs' } };
    const registry = { name: 'my-registry', type: 'module', main: 'index.js' };
    const place = join(outside, 'node_modules/my-registry');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(outside, 'package.json'), JSON.stringify(project));
    writeFileSync(join(outside, 'windows-probe.mjs'), probe);
    writeFileSync(join(place, 'package.json'), JSON.stringify(registry));
    writeFileSync(join(place, 'index.js'), 'export const openKey = (name) => ({ name });\n');
    return { real: run(winnode, 'doctor') };
  };

  /** Types an example at the prompt, in a terminal that is 200 characters wide. */
  async function prompt(): Promise<Seen> {
    const command = `stty cols 200 rows 50; '${process.execPath}' '${repl}' --build release`;
    const env = { ...process.env, TERM: 'xterm-256color' };
    const child = spawn('script', ['-qfec', command, '/dev/null'], { cwd: work, env });
    let output = '';
    let typed = '';
    for await (const data of child.stdout) {
      output += String(data);
      const real = stripVTControlCharacters(output).replaceAll('\r', '');
      if (typed === '' && real.endsWith('nt> ')) {
        typed = '.example poll\r';
        child.stdin.write(typed);
      } else if (real.endsWith('undefined\nnt> ')) {
        child.stdin.end('.exit\r');
        return { real };
      }
    }
    throw new Error(`The prompt ended after it printed:\n${output}`);
  }

  const stage1 = ['--stage=1-iocp', '--build=release', '--no-report'] as const;
  const trace = (shown: string): Seen => ({
    shown: `${shown}...\n`,
    real: run(ladder, ...stage1, '--trace'),
  });

  /** How each command is run here. The commands of a reader run in a project or in a clone. */
  const runs: Record<string, (shown: string) => Seen | Promise<Seen>> = {
    'npx winnode echo.mjs': async () => print(1, 'echo.ts', `${await freePort()}`),
    [`node -e "require('net').connect(7099,'127.0.0.1').end('hello').pipe(process.stdout)"`]:
      async () => {
        const port = await freePort();
        await print(1, 'echo.ts', `${port}`);
        return { real: `${await echo(port, Buffer.from('hello'))}` };
      },
    'node chat.mjs': async () => print(1, 'chat.ts', `${await freePort()}`),
    'node idle-clients.mjs': async () => print(2, 'idle-clients.ts', `${await freePort()}`),
    'node grpc.mjs': async () => print(1, 'grpc.mjs', `${await freePort()}`),
    'node http-server.mjs': (shown) => overPort(shown, 'http-server.ts'),
    'node http-client.mjs': async () => {
      const port = `${await freePort()}`;
      await print(1, 'http-server.ts', port);
      return print(1, 'http-client.ts', port);
    },
    // curl needs an AF_UNIX file, so the request is made over a port.
    'curl --unix-socket C:\\run\\app.sock http://localhost/hello': async () => {
      const port = await freePort();
      await print(1, 'http-server.ts', `${port}`);
      return { real: await textOf(port, '/hello') };
    },
    'node path-errors.mjs': pathErrors,
    'npx --package tofu-reactor tofu proxy "tcp|127.0.0.1|8080" "uds|C:\\run\\app.sock"': proxy,
    'tofu proxy "tcp|127.0.0.1|8080" "uds|C:\\run\\app.sock"': proxy,
    'curl http://127.0.0.1:8080/hello': async () => {
      const { port, close } = await proxy('');
      const real = await textOf(port, '/hello');
      close();
      return { real };
    },
    'winnode --version': () => ({ real: run(winnode, '--version') }),
    'winnode doctor': doctor,
    // The whole command takes a minute; the siege's part sabotage-winnode runs it.
    'npx nt-findings probe': (shown) => ({
      real: run(findings, 'probe', 'F14'),
      shown: shown.replace(/\b(\d+) of \1\b/, '1 of 1').replace(/^Not run here.*\n/m, ''),
    }),
    'npm start': npmStart,
    // The block of `npm start -- --thorough` shows two lines of its output.
    '': (shown) => ({
      shown: `...\n${shown}...\n`,
      real: run(ladder, '--stage=0-wake', '--build=release', '--thorough', '--no-report'),
    }),
    'pnpm repl': async (shown) => ({ ...(await prompt()), shown: `${shown}...\n` }),
    'npm start -- --stage 1-iocp --build release --trace': trace,
    'npm start -- --stage 1-iocp --external --build release': async () => ({
      real: await runUpTo(/waiting for your client.*\n/, ladder, ...stage1, '--external'),
    }),
    "npm start -- --serve --address 'tcp|127.0.0.1|7099'": async () => {
      const address = `tcp|127.0.0.1|${await freePort()}`;
      return {
        real: await runUpTo(
          /^Echo server.*\n/m,
          ladder,
          '--serve',
          '--address',
          address,
          '--build=release',
        ),
      };
    },
  };

  const evaluated = /^(?:npx )?winnode -p "(.*)"$/;

  test('each command with an output is run here, and no other', () => {
    const shown = new Set(shownOutputs.map(({ command }) => command));
    const others = [...shown].filter((command) => !evaluated.test(command));
    expect(others.sort()).toEqual(Object.keys(runs).sort());
  });

  test.for(shownOutputs)('$page shows what prints: $command', async (each, { skip }) => {
    const { command, output } = each;
    skip(command === 'pnpm repl' && !pseudoTerminals.isPresent, pseudoTerminals.reason);
    const [, code] = evaluated.exec(command) ?? [];
    const evaluate = (): Seen => ({ real: run(winnode, '-p', code ?? '') });
    const { real, shown = output } = await (runs[command] ?? evaluate)(output);
    expect(difference(shown, real)).toBe('');
  });
});
