/** The claims that must hold at every moment of every world. A failure names one of them. */
export type ClaimName =
  | 'report after the end'
  | 'duplicate report'
  | 'report while disabled'
  | 'unwanted report'
  | 'false report'
  | 'incomplete report'
  | 'missing report'
  | 'event skipped'
  | 'dropped without a reason'
  | 'wrong token'
  | 'false wake'
  | 'wake lost'
  | 'post lost or out of order'
  | 'list too long'
  | 'wait too short'
  | 'wait too long'
  | 'two polls of one socket'
  | 'inconsistent counters'
  | 'kernel rule violated'
  | 'leak'
  | 'unexpected error';

/** A claim does not hold. */
export class BrokenClaim extends Error {
  readonly claim: ClaimName;

  constructor(claim: ClaimName, detail: string, options?: ErrorOptions) {
    super(`[${claim}] ${detail}`, options);
    this.name = 'BrokenClaim';
    this.claim = claim;
  }
}

/** @throws {BrokenClaim} */
export function claim(holds: boolean, name: ClaimName, detail: () => string): asserts holds {
  if (!holds) throw new BrokenClaim(name, detail());
}
