import { once } from 'node:events';
import ssh2, { type ClientChannel, type ConnectConfig } from 'ssh2';
import { bytes, closing, collect, type Run, type Scenario } from '../run.js';

const { Client, Server, utils } = ssh2;
const key = utils.generateKeyPairSync('ed25519');

function open(run: Run, party: string, options: ConnectConfig): ssh2.Client {
  const client = new Client();
  client.on('ready', () => run.note(party, 'ready'));
  client.on('error', (error) => run.note(party, error.level, error));
  client.on('end', () => run.note(party, 'end'));
  client.on('close', () => run.note(party, 'close'));
  return client.connect({ sock: run.connect(), username: 'user', ...options });
}

async function execute(run: Run, client: ssh2.Client, command: string): Promise<void> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  channel.on('exit', (code) => run.note(command, 'exit', code));
  const closed = closing(channel);
  channel.end(command === 'copy' ? bytes(600_000) : '');
  const [out, log] = await Promise.all([collect(channel), collect(channel.stderr)]);
  await closed;
  run.note(command, out, String(log));
}

/** ssh2, client and server: a refused password, commands, bytes both ways, a lost connection. */
export const ssh: Scenario = {
  name: 'ssh2',
  async play(run) {
    const connections: ssh2.Connection[] = [];
    const server = new Server({ hostKeys: [key.private] }, (connection) => {
      connections.push(connection);
      connection.on('authentication', (context) => {
        const isRight = context.method === 'password' && context.password === 'right';
        run.note('server', context.method, context.username, isRight);
        if (isRight) context.accept();
        else context.reject(['password']);
      });
      connection.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, { command }) => {
          run.note('server', 'exec', command);
          const channel = acceptExec();
          channel.stderr.write('a line for stderr');
          const finish = () => {
            channel.exit(command === 'fail' ? 3 : 0);
            channel.end();
          };
          if (command === 'copy') channel.on('end', finish).pipe(channel, { end: false });
          else channel.write(bytes(200_000), finish);
        });
      });
      connection.on('error', (error) => run.note('server', error));
      connection.on('close', () => run.note('server', 'close'));
    });
    await run.serve((socket) => server.injectSocket(socket));

    const refused = open(run, 'refused', { password: 'wrong' });
    await closing(refused);
    const client = open(run, 'client', { password: 'right' });
    await once(client, 'ready');
    for (const command of ['print', 'fail', 'copy']) await execute(run, client, command);
    client.end();
    await closing(client);

    const lost = open(run, 'lost', { password: 'right' });
    await once(lost, 'ready');
    connections.at(-1)?.end();
    await closing(lost);
  },
};
