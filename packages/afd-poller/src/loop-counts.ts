/** What a poller did, counted since it was made. */
export interface LoopCounts {
  /** How often a socket was asked about. One request may be about many. */
  submitted: number;
  /** Packets taken off the port, and those of them that belonged to nobody. */
  packets: number;
  strays: number;
}
