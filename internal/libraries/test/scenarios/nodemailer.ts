import { once } from 'node:events';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { certificate } from '../certificate.js';
import { bytes, closing, collect, type Run, type Scenario } from '../run.js';

async function send(
  run: Run,
  party: string,
  options: object,
  to = 'to@example.org',
): Promise<void> {
  const connection = run.connect();
  await once(connection, 'connect');
  const transport = createTransport({ name: 'client', tls: { ca: [] }, ...options, connection });
  transport.on('error', (error) => run.note(party, 'error', error));
  const closed = closing(connection);
  try {
    const { accepted, rejected, response } = await transport.sendMail({
      from: 'from@example.org',
      to,
      subject: 'A letter',
      text: 'Hello',
      attachments: [{ filename: 'bytes', content: bytes(200_000) }],
    });
    run.note(party, accepted, rejected, response);
  } catch (error) {
    run.note(party, error);
  }
  transport.close();
  await closed;
}

/** nodemailer with smtp-server: plain, after STARTTLS, a refused login, a refused recipient. */
export const nodemailer: Scenario = {
  name: 'nodemailer with smtp-server',
  async play(run) {
    const { key, cert } = await certificate();
    const server = new SMTPServer({
      key,
      cert,
      name: 'server',
      banner: 'hello',
      disableReverseLookup: true,
      allowInsecureAuth: true,
      authOptional: true,
      onAuth({ username, password }, _session, done) {
        const isRight = password === 'right';
        run.note('server', 'login', username, isRight);
        done(isRight ? null : new Error('wrong password'), { user: username });
      },
      onRcptTo({ address }, _session, done) {
        done(address.startsWith('no') ? new Error('no such mailbox') : null);
      },
      onData(stream, { secure }, done) {
        void collect(stream).then((letter) => {
          // Its boundary, id and date differ each time.
          run.note('server', 'letter', secure, letter.includes('Subject: A letter'), letter.length);
          done(null, 'queued');
        });
      },
      onClose: () => run.note('server', 'close'),
    });
    server.on('error', (error) => run.note('server', error));
    await run.serve((socket) => server.connect(socket, { id: 'session' }));

    const tls = { ca: [cert], servername: 'localhost' };
    const right = { user: 'user', pass: 'right' };
    await send(run, 'plain', { ignoreTLS: true });
    await send(run, 'starttls', { requireTLS: true, tls, auth: right });
    await send(run, 'not trusted', { requireTLS: true, tls: { servername: 'localhost' } });
    await send(run, 'refused login', { ignoreTLS: true, auth: { ...right, pass: 'wrong' } });
    await send(run, 'refused recipient', { ignoreTLS: true }, 'nobody@example.org');
  },
};
