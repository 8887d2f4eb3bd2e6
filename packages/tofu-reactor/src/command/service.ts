/** What a running service has done, as numbers by name. `--json` prints them as they are. */
export type Counts = Readonly<Record<string, number>>;

/** A running command: an echo server, a proxy or an HTTP server. */
export interface Service {
  /** The first line, which says where it listens. */
  readonly announcement: string;
  /** The same for programs. */
  readonly listening: Readonly<Record<string, string>>;
  /** The number of open connections. */
  readonly open: number;
  counts(): Counts;
  /** The state in one line of at most 79 characters, for a terminal. */
  describe(): string;
  /** The lines of the summary. */
  summarize(): readonly string[];
  /** Stops listening. Resolves when all connections are closed. */
  stop(): Promise<void>;
  /** Resets the open connections, so that no peer mistakes a part of the data for all of it. */
  cut(): void;
}

/** The receiver of a service's reports to the user. */
export interface Reports {
  /**
   * Reports a problem that does not end the service. Equal reports in short succession are
   * combined.
   *
   * @param what a word for programs. @param message one line for people.
   */
  problem(what: string, message: string): void;
}

const number = new Intl.NumberFormat('en');

/** Counters in the form in which people read them: `1,234`. */
export function shown(counts: Counts): Readonly<Record<string, string>> {
  const entries = Object.entries(counts);
  return Object.fromEntries(entries.map(([name, count]) => [name, number.format(count)]));
}
