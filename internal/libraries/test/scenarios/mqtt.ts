import { type EventEmitter, once } from 'node:events';
import { Aedes } from 'aedes';
import { type IClientOptions, MqttClient } from 'mqtt';
import { bytes, closing, type Run, type Scenario } from '../run.js';

function open(run: Run, clientId: string, options: IClientOptions = {}): MqttClient {
  const client = new MqttClient(() => run.connect(), {
    clientId,
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  });
  client.on('connect', ({ returnCode }) => run.note(clientId, 'connect', returnCode));
  client.on('message', (topic, payload, { qos, retain }) => {
    run.note(clientId, topic, payload, qos, retain);
  });
  client.on('error', (error) => run.note(clientId, error));
  client.on('close', () => run.note(clientId, 'close'));
  client.on('end', () => run.note(clientId, 'end'));
  return client;
}

/** `once` of Node for a client: its typed events do not match the type of an EventEmitter. */
const event = (client: MqttClient, name: string) => once(client as unknown as EventEmitter, name);

/** mqtt with aedes: the three qualities of service, a retained message, a will, a refusal. */
export const mqtt: Scenario = {
  name: 'mqtt with aedes',
  async play(run) {
    const broker = await Aedes.createBroker({
      authenticate: (_client, username, _password, done) => done(null, username !== 'nobody'),
    });
    broker.on('client', (client) => run.note('broker', 'client', client.id));
    broker.on('clientDisconnect', (client) => run.note('broker', 'left', client.id));
    await run.serve((socket) => broker.handle(socket));

    const reader = open(run, 'reader');
    await event(reader, 'connect');
    await reader.subscribeAsync('#', { qos: 2 });
    const writer = open(run, 'writer', {
      will: { topic: 'will', payload: Buffer.from('it is gone'), qos: 1, retain: false },
    });
    await event(writer, 'connect');
    for (const qos of [0, 1, 2] as const) {
      const received = event(reader, 'message');
      await writer.publishAsync(`topic/${qos}`, bytes(70_000 * (qos + 1)), { qos });
      await received;
    }
    await writer.publishAsync('kept', 'a retained message', { retain: true, qos: 1 });
    const late = open(run, 'late');
    await event(late, 'connect');
    late.subscribe('kept');
    await event(late, 'message');
    await late.endAsync();

    const will = event(reader, 'message');
    writer.stream.destroy();
    await will;
    const nobody = open(run, 'nobody', { username: 'nobody', password: 'x' });
    await closing(nobody);
    await reader.endAsync();
    broker.close();
  },
};
