import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { Client } from 'pg';
import { type Run, type Scenario, seenError } from '../run.js';

/** The database of this process: it takes seconds to start. */
let database: Promise<PGlite> | undefined;

function open(run: Run, party: string): Client {
  const client = new Client({
    stream: () => run.newSocket(),
    user: 'postgres',
    database: 'postgres',
    password: 'x',
  });
  client.on('notice', ({ message }) => run.note(party, 'notice', message));
  client.on('error', (error) => run.note(party, error));
  client.on('end', () => run.note(party, 'end'));
  return client;
}

/** pg with pglite: statements, parameters, a large row, errors, a notice, a lost server. */
export const postgres: Scenario = {
  name: 'pg with pglite',
  async play(run) {
    database ??= PGlite.create();
    const db = await database;
    const server = new PGLiteSocketServer({ db, port: 0, maxConnections: 5 });
    // It also listens by itself; the scenario hands it connections of the tested transport.
    await server.start();
    await run.serve((socket) => {
      socket.on('close', () => run.note('server', 'close'));
      void server['handleConnection'](socket);
    });

    const client = open(run, 'client');
    await client.connect();
    const query = async (text: string, values?: unknown[]) => {
      try {
        const { command, rowCount, rows } = await client.query(text, values);
        run.note('client', command, rowCount, rows.length < 10 ? rows : rows.length);
      } catch (error) {
        run.note('client', seenError(error));
      }
    };
    await query('create table t (id int primary key, text text)');
    await query('insert into t values ($1, $2), ($3, $4)', [1, 'one', 2, null]);
    await query('select * from t order by id');
    await query('insert into t values (1, $1)', ['again']);
    await query('select * from nothing');
    await query('select * from generate_series(1, 20000)');
    const { rows } = await client.query("select repeat('x', 500000) as large");
    run.note('client', rows[0].large.length);
    await query("do $$ begin raise notice 'a notice'; end $$");
    await client.end();

    const other = open(run, 'other');
    await other.connect();
    const { rows: counted } = await other.query('select count(*) from t');
    run.note('other', counted);
    await other.end();
    await server.stop();
    await db.exec('drop table t');
  },
};
