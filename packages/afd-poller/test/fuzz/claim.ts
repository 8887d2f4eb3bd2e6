/** What must hold at every moment of every world. A failure names one of these. */
export type ClaimName =
  | 'told although it is over'
  | 'told twice in one list'
  | 'told although silent'
  | 'told what is not wanted'
  | 'told what is not true'
  | 'told half of the truth'
  | 'not told what is true'
  | 'passed over'
  | 'dropped without a reason'
  | 'wrong token'
  | 'wake invented'
  | 'wake lost'
  | 'post lost or out of order'
  | 'list too long'
  | 'wait too short'
  | 'wait too long'
  | 'two polls of one socket'
  | 'the books lie'
  | 'the kernel objects'
  | 'something is left'
  | 'unexpected error';

/** One claim did not hold. */
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
