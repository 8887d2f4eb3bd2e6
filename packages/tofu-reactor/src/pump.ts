/** What makes the turns of a reactor happen. */
export interface Pump {
  /** Something holds the process open from now on, or nothing does any more. */
  setRef(isRef: boolean): void;
  /** Resolves when nothing holds it, or after {@link stop}. */
  run(): Promise<void>;
  /** Ends {@link run}. */
  stop(): void;
  /** Nothing is turned from here on; resolves when native memory is given back. */
  close(): Promise<void>;
}
