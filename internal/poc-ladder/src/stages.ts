/** One rung: a short name to ask for it by, its package, and whether it waits for a client. */
export interface Stage {
  readonly name: string;
  readonly package: string;
  readonly accepts: boolean;
}

/** Every stage, in order. A new stage is one line here, and a dependency in package.json. */
export const stages: readonly Stage[] = [
  { name: '0-wake', package: 'poc-stage0-wake', accepts: false },
  { name: '1-event', package: 'poc-stage1-event', accepts: true },
  { name: '1-iocp', package: 'poc-stage1-iocp', accepts: true },
  { name: '1u-uds', package: 'poc-stage1u-uds', accepts: false },
  { name: '2-echo', package: 'poc-stage2-echo', accepts: false },
  { name: '3-stress', package: 'poc-stage3-stress', accepts: false },
  { name: '4-pinned', package: 'poc-stage4-pinned', accepts: false },
];
