import mysql, { type Connection } from 'mysql2';
import promises from 'mysql2/promise';
import { closing, type Run, type Scenario, seenError } from '../run.js';

const column = (name: string) => ({
  catalog: 'def',
  schema: 'test',
  table: 't',
  orgTable: 't',
  name,
  orgName: name,
  characterSet: 33,
  columnLength: 255,
  columnType: 253,
  flags: 0,
  decimals: 0,
});

/** The part of a server connection of mysql2 that its types lack. */
interface ServerConnection extends Connection {
  serverHandshake(options: object): void;
  _resetSequenceId(): void;
  writeOk(): void;
  writeError(error: { message: string; code: number }): void;
  writeTextResult(rows: object[], columns: object[]): void;
}

/** Answers what a client sends. Its party is the server's side of this connection. */
function answer(run: Run, party: string, connection: ServerConnection): void {
  // mysql2's server does not start each command with packet 0 by itself.
  const begin = () => connection._resetSequenceId();
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: 'test',
    connectionId: 1,
    statusFlags: 2,
    characterSet: 8,
    capabilityFlags: 0xff_ff_ff,
    authCallback: ({ user }: { user: string }, done: (error: null, refusal?: object) => void) => {
      run.note(party, 'user', user);
      done(null, user === 'nobody' ? { message: 'nobody is refused', code: 1_045 } : undefined);
      begin();
    },
  });
  connection.on('query', (sql: string) => {
    run.note(party, sql);
    if (sql === 'fail') connection.writeError({ message: 'no such query', code: 1_064 });
    else if (sql === 'drop') connection.destroy();
    else if (sql === 'many') {
      const rows = Array.from({ length: 5_000 }, (_, id) => ({
        id: `${id}`,
        text: 'x'.repeat(99),
      }));
      connection.writeTextResult(rows, [column('id'), column('text')]);
    } else connection.writeTextResult([{ id: '1' }], [column('id')]);
    begin();
  });
  connection.on('ping', () => {
    connection.writeOk();
    begin();
  });
  connection.on('quit', () => {
    run.note(party, 'quit');
    connection.end();
  });
  connection.on('error', (error) => run.note(party, error));
}

/** mysql2 as client and as server: queries, 5,000 rows, errors, ping, a lost connection. */
export const mysql2: Scenario = {
  name: 'mysql2',
  async play(run) {
    let connections = 0;
    const nextParty = () => `server of connection ${connections}`;
    const server = mysql.createServer((connection) =>
      answer(run, nextParty(), connection as ServerConnection),
    );
    const { _handleConnection: accept } = server as unknown as {
      _handleConnection(socket: unknown): void;
    };
    await run.serve((socket) => {
      connections += 1;
      const party = nextParty();
      socket.on('close', () => run.note(party, 'close'));
      accept.call(server, socket);
    });
    const open = (user: string) => {
      const stream = run.connect();
      return { stream, opened: promises.createConnection({ user, stream }) };
    };
    const { stream, opened } = open('user');
    const client = await opened;
    client.on('error', (error) => run.note('client', error));
    const query = async (sql: string) => {
      try {
        const [rows] = await client.query(sql);
        const all = rows as object[];
        run.note('client', all.length, all.at(-1));
      } catch (error) {
        run.note('client', seenError(error));
      }
    };
    for (const sql of ['one', 'many', 'fail', 'one']) await query(sql);
    await client.ping();
    await client.end();
    if (!stream.closed) await closing(stream);

    const refused = open('nobody');
    await refused.opened.catch((error) => run.note('refused', error));
    refused.stream.destroy();
    const lost = open('lost');
    const other = await lost.opened;
    other.on('error', (error) => run.note('lost', 'error', error));
    await other.query('drop').catch((error) => run.note('lost', error));
    other.destroy();
  },
};
