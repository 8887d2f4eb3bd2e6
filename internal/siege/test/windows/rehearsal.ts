import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { copyBuilds, copyRepository, removeCopy, root } from '@tofu-nt/pipeline/copy-repository';
import { openSession, toWindowsPath } from '@tofu-nt/pipeline/winnode';
import { startHostPnpm } from './host-pnpm.js';

/** The kind of a program's standard streams. */
export type Streams = 'pipes' | 'files';

/** The exit code of a program, and its whole output. */
export interface Said {
  readonly exitCode: number;
  readonly said: string;
}

/**
 * A copy of the repository with the packages for Windows, and a Windows Node that runs its
 * programs.
 */
export interface Rehearsal {
  /** The path of the copy on this host. */
  readonly place: string;
  /** The arguments of all pnpm commands, in order. */
  readonly asked: readonly string[];
  /** Runs a script of the copy, or Node's own options, in a directory of the copy. */
  node(streams: Streams, directory: string, ...args: readonly string[]): Promise<Said>;
  /** Runs a script as `node` does, and writes lines to its standard input. */
  type(input: string, streams: Streams, ...args: readonly string[]): Promise<Said>;
  /** Runs npm as on Windows: a Node script that starts other programs through cmd.exe. */
  npm(streams: Streams, ...args: readonly string[]): Promise<Said>;
  close(): Promise<void>;
}

/**
 * Variables of this test run that a terminal on Windows does not have. NODE_EXTRA_CA_CERTS belongs
 * to the network of this host.
 */
const notOfATerminal = /^(npm_|TEST_|VITEST|SIEGE_(SEED|RUNS)|NODE_(?!EXTRA_CA_CERTS$))/i;
const terminal = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !notOfATerminal.test(name)),
);

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The path of npm, a Node script. */
function npmScript(): string {
  const { npm_execpath: running } = process.env;
  if (running?.endsWith('npm-cli.js')) return running;
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  return createRequire(import.meta.url).resolve(beside);
}

/** Makes the copy, including the builds. No packages are installed in it yet. */
export async function rehearse(): Promise<Rehearsal> {
  const place = copyRepository('first-run');
  copyBuilds(place);
  const [, hostPnpm = ''] = readFileSync(join(root, 'node_modules/.setup-pnpm'), 'utf8').split(
    '\n',
  );
  const pnpm = await startHostPnpm(hostPnpm, terminal);
  const session = await openSession();
  const scratch = join(place, 'node_modules/.rehearsal');
  mkdirSync(scratch, { recursive: true });
  let env: NodeJS.ProcessEnv = { ...terminal, NO_COLOR: '1' };
  let runs = 0;

  const run = async (
    streams: Streams,
    directory: string,
    args: readonly string[],
    input = '',
  ): Promise<Said> => {
    const cwd = join(place, directory);
    if (streams === 'files') {
      const file = join(scratch, `${runs++}`);
      writeFileSync(`${file}.in`, input);
      const [from, to] = [openSync(`${file}.in`, 'r'), openSync(`${file}.out`, 'a')];
      const { exitCode } = await session.run(args, { cwd, env, stdio: [from, to, to] });
      for (const descriptor of [from, to]) closeSync(descriptor);
      return { exitCode, said: readFileSync(`${file}.out`, 'utf8') };
    }
    let said = '';
    const { exitCode } = await session.run(args, {
      cwd,
      env,
      stdio: 'pipe',
      onSpawn: ({ stdin, stdout, stderr }) => {
        stdin?.end(input);
        for (const stream of [stdout, stderr]) {
          stream?.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
        }
      },
    });
    return { exitCode, said };
  };

  // On Windows `node` and `npm` are on PATH; Wine adds the directories in WINEPATH to its PATH.
  const { said } = await run('pipes', '.', ['-p', 'process.execPath']);
  const exe = said.trim();
  const client = join(import.meta.dirname, 'pnpm-of-host.mjs');
  copyFileSync(client, join(scratch, 'pnpm-of-host.mjs'));
  const npm = toWindowsPath(npmScript());
  writeFileSync(join(scratch, 'npm.cmd'), `@"${exe}" "${npm}" %*\r\n`);
  writeFileSync(join(scratch, 'pnpm.cmd'), `@"${exe}" "%~dp0pnpm-of-host.mjs" ${pnpm.port} %*\r\n`);
  writeFileSync(
    join(place, 'node_modules/.setup-pnpm'),
    `${packageManager}\n${toWindowsPath(scratch)}`,
  );
  env = { ...env, WINEPATH: `${exe.replace(/\\[^\\]+$/, '')};${toWindowsPath(scratch)}` };

  return {
    place,
    asked: pnpm.asked,
    node: (streams, directory, ...args) => run(streams, directory, args),
    type: (input, streams, ...args) => run(streams, '.', args, input),
    npm: (streams, ...args) => run(streams, '.', [npm, ...args]),
    async close() {
      await session.close();
      await pnpm.close();
      rmSync(scratch, { recursive: true, force: true });
      removeCopy(place);
    },
  };
}
