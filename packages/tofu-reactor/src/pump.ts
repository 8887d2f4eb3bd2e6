/** Performs the turns of a reactor, at the right times. */
export interface Pump {
  /** Sets whether a member of the reactor keeps the process alive. */
  setRef(isRef: boolean): void;
  /** Resolves when no member keeps the process alive, or after {@link stop}. */
  run(): Promise<void>;
  /** Ends {@link run}. */
  stop(): void;
  /** Ends all turns. Resolves when native memory is freed. */
  close(): Promise<void>;
}
