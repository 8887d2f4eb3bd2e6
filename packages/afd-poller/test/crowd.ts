import { verifyPoller } from 'afd-poller/internal';
import { nativeMemory } from 'ntdllx';
import { type DatagramSkt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { expect } from 'vitest';
import { type PresetName, pollerOf, tokensOf } from './pollers.js';

const creator = new SocketCreator();

/** Many sockets without a peer. */
export class Crowd {
  readonly skts: DatagramSkt[] = [];

  udp(): DatagramSkt {
    const skt = creator.fromAddress(new UDPAddress('127.0.0.1', 0));
    this.skts.push(skt);
    return skt;
  }

  /**
   * Closes all sockets.
   *
   * @param left the native memory of other code; no more than that may be left.
   */
  close(left: ReturnType<typeof nativeMemory> = { blocks: 0, bytes: 0 }): void {
    for (const skt of this.skts.splice(0)) skt.close();
    expect(nativeMemory()).toEqual(left);
  }
}

/**
 * Registers `count` sockets. When the first, the middle and the last one become ready one after
 * another, each must be reported alone.
 */
export function registerCrowd(crowd: Crowd, preset: PresetName, count: number): void {
  const poller = pollerOf<number>(preset, { allowMainThread: true, closeLimitMs: 60_000 });
  for (let token = 0; token < count; token += 1) poller.add(crowd.udp(), { readable: true }, token);
  expect(poller.wait(0).length).toBe(0);
  expect(poller.inspect()).toMatchObject({ registrations: count, pending: count });
  const sender = crowd.udp();
  for (const token of [0, (count >> 1) - 1, count - 1]) {
    const skt = crowd.skts[token] as DatagramSkt;
    sender.sendTo(Buffer.from('x'), skt.localEndpoint());
    const reported = tokensOf(poller.wait(5_000));
    expect(reported).toEqual([token]);
    skt.recvFrom(Buffer.alloc(4));
  }
  verifyPoller(poller);
  poller.close();
  expect(poller.inspect()).toMatchObject({ pending: 0 });
}
