import type { Clock } from './clock.js';
import type { Dice } from './injections.js';
import type { AddressSpace } from './memory.js';
import type { Network } from './network.js';
import type { Packet, Port, SimSocket } from './objects.js';
import type { Profile } from './profiles.js';
import type { Random } from './random.js';

/**
 * The part of the simulated kernel that its sockets and polls use. The kernel itself, `SimCore`,
 * constructs them and has more functions, which only the exported calls use.
 */
export interface Core {
  readonly profile: Profile;
  readonly isWine: boolean;
  /** The buffer size of a socket, in each direction. */
  readonly bufferBytes: number;
  readonly random: Random;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly memory: AddressSpace;
  readonly network: Network;
  /** Called when a socket's state has changed: checks the polls of the socket. */
  changed(socket: SimSocket): void;
  /** Posts the completion of a request together with other simultaneous completions. */
  post(port: Port, packet: Packet): void;
}
