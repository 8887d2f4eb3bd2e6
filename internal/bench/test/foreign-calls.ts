import {
  callsPerMessage,
  countCalls,
  EngineServer,
  type PresetName,
  presetNames,
} from '@tofu-nt/bench';
import { ntKernel } from 'ntdllx';
import { type ClientSkt, SocketCreator, TCPClientAddress, wouldBlock } from 'tofu-sockets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// Counts the engine server's calls of Winsock and NT. Counts do not depend on the load of the
// machine, so a higher count means more work. Times are measured by the bench, not by a test.

const creator = new SocketCreator();
const message = Buffer.alloc(64, 7);
const into = Buffer.alloc(64);
const bell = new Int32Array(new SharedArrayBuffer(4));

/**
 * By preset: the calls for registering a connection and for its end, besides those of the socket.
 */
const handleCalls: Readonly<Record<PresetName, Record<string, number>>> = {
  // Sets the port and the flags of each socket's own handle.
  self: { NtSetInformationFile: 2 },
  single: {},
  batched: {},
};

/**
 * Defines the tests.
 *
 * @param isChosen whether the next test runs with a preset; default: every test runs with every
 *   preset.
 */
export function testForeignCalls(isChosen: (preset: PresetName) => boolean = () => true): void {
  describe.each(presetNames)('%s', (preset) => {
    let server: EngineServer;
    let calls: Record<string, number>;
    const clients: ClientSkt[] = [];

    const testHere = (name: string, run: () => void) => {
      if (isChosen(preset)) test(name, run);
    };

    const start = (isEager: boolean) => {
      const counting = countCalls(ntKernel);
      calls = counting.calls;
      server = new EngineServer({ preset, bufferBytes: 65_536, isEager, ...counting });
    };

    // The calls of a server that polls before each receive, so the counts are those of the engine.
    beforeEach(() => start(false));

    afterEach(() => {
      server.close();
      for (const skt of clients.splice(0)) skt.close();
    });

    const connect = (): ClientSkt => {
      const address = new TCPClientAddress('127.0.0.1', server.ports.port);
      const skt = creator.fromAddress(address);
      clients.push(skt);
      skt.connect();
      server.turn(5_000);
      while (skt.finishConnect() === wouldBlock) Atomics.wait(bell, 0, 0, 1);
      return skt;
    };

    const receive = (skt: ClientSkt) => {
      const deadlineMs = performance.now() + 5_000;
      while (skt.recv(into) === wouldBlock) {
        if (performance.now() > deadlineMs) throw new Error('No echo arrived in time.');
        Atomics.wait(bell, 0, 0, 1);
      }
      expect(into).toEqual(message);
    };

    /** The calls that `run` adds per message: those of N messages beyond those of a few. */
    const perMessage = (messages: number, run: () => void) => {
      // Completes outstanding submissions, such as the listener's next poll, and lets idle sockets
      // be batched.
      const few = 5;
      for (let each = 0; each < few; each += 1) run();
      const [first, second] = [few, few + messages].map((count) => {
        const before = { ...calls };
        for (let each = 0; each < count; each += 1) run();
        return callsPerMessage(before, calls, 1);
      });
      return callsPerMessage(first ?? {}, second ?? {}, messages);
    };

    testHere(
      'a message of one connection costs a poll, a wait, a recv and a send, and no other call',
      () => {
        const skt = connect();
        const found = perMessage(30, () => {
          skt.send(message);
          server.turn(5_000);
          receive(skt);
        });
        expect(found).toEqual({
          NtDeviceIoControlFile: 1,
          NtRemoveIoCompletionEx: 1,
          recv: 1,
          send: 1,
        });
      },
    );

    testHere('64 connections at once share their waits', () => {
      const skts = Array.from({ length: 64 }, connect);
      const before = { ...calls };
      const rounds = 5;
      for (let round = 0; round < rounds; round += 1) {
        for (const skt of skts) skt.send(message);
        // The first may be reported alone, before the others have arrived.
        const sent = (calls['send'] as number) + 64;
        while ((calls['send'] as number) < sent) server.turn(5_000);
        for (const skt of skts) receive(skt);
      }
      const found = callsPerMessage(before, calls, 64 * rounds);
      expect(found).toMatchObject({ recv: 1, send: 1 });
      expect(found['NtDeviceIoControlFile']).toBeLessThanOrEqual(1);
      expect(found['NtRemoveIoCompletionEx']).toBeLessThanOrEqual(4 / 64);
    });

    testHere('the calls of a connection with one message', () => {
      const found = perMessage(20, () => {
        const skt = connect();
        skt.send(message);
        server.turn(5_000);
        receive(skt);
        skt.close();
        clients.pop();
        server.turn(5_000);
      });
      expect(found).toEqual({
        // Accept until the backlog is empty; make it non-blocking, ask for its base handle.
        accept: 2,
        WSAGetLastError: 1,
        ioctlsocket: 1,
        WSAIoctl: 1,
        // The polls of the listener, of the message and of the end.
        NtDeviceIoControlFile: 3,
        NtRemoveIoCompletionEx: 3,
        recv: 2,
        send: 1,
        closesocket: 1,
        ...handleCalls[preset],
      });
    });

    testHere(
      'an eager server makes no polls where recv succeeds at once, and few additional calls elsewhere',
      () => {
        server.close();
        start(true);
        const skt = connect();
        // The client waits for the answer, so recv never finds the next message.
        const inVain = perMessage(100, () => {
          skt.send(message);
          server.turn(5_000);
          receive(skt);
        });
        expect(inVain).toMatchObject({
          NtDeviceIoControlFile: 1,
          NtRemoveIoCompletionEx: 1,
          send: 1,
        });
        expect(inVain['recv']).toBeLessThan(1.03);

        // The message and the FIN have arrived when the server accepts the connection.
        const paid = perMessage(60, () => {
          const address = new TCPClientAddress('127.0.0.1', server.ports.port);
          const client = creator.fromAddress(address);
          client.connect();
          while (client.finishConnect() === wouldBlock) Atomics.wait(bell, 0, 0, 1);
          client.send(message);
          client.shutdown('send');
          do server.turn(50);
          while (client.recv(into) === wouldBlock);
          client.close();
        });
        const { NtDeviceIoControlFile, NtRemoveIoCompletionEx, ...rest } = paid;
        // The listener's poll and its packet.
        expect(NtDeviceIoControlFile).toBeLessThanOrEqual(1.05);
        expect(NtRemoveIoCompletionEx).toBeLessThanOrEqual(1.05);
        expect(rest).toEqual({
          accept: 2,
          WSAGetLastError: 1,
          ioctlsocket: 1,
          recv: 2,
          send: 1,
          closesocket: 1,
        });
      },
    );
  });
}
