import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/**
 * pnpm for the rehearsal. pnpm 12 has a native program for each platform, and the one for Windows
 * may not be available. So programs in Windows Node use this host's pnpm, through
 * pnpm-of-host.mjs.
 */
export interface HostPnpm {
  readonly port: number;
  /** The requested commands, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts the server.
 *
 * @param directory the directory of pnpm
 * @param env the environment of its runs
 */
export function startHostPnpm(directory: string, env: NodeJS.ProcessEnv): Promise<HostPnpm> {
  const asked: string[] = [];
  const pnpm = join(directory, 'pnpm');
  const ownEnv = { ...env, PATH: `${directory}${delimiter}${env['PATH']}` };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setEncoding('utf8');
    socket.once('data', (line: string) => {
      const { cwd: windowsPath, args } = JSON.parse(line) as { cwd: string; args: string[] };
      asked.push(args.join(' '));
      const cwd = windowsPath.replace(/^Z:/i, '').replaceAll('\\', '/');
      const child = spawn(pnpm, args, { cwd, env: ownEnv, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr]) stream.pipe(socket, { end: false });
      child.on('error', ({ message }) => socket.end(`${message}\n1`));
      child.on('close', (code) => socket.end(`\n${code ?? 1}`));
    });
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      done({
        port,
        asked,
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}
