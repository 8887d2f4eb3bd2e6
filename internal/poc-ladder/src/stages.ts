/**
 * One stage: the short name for the command line, its package, whether it waits for a client, and
 * whether tofu's specifications require figures from it.
 */
export interface Stage {
  readonly name: string;
  readonly package: string;
  readonly accepts: boolean;
  readonly hasFigures?: true;
}

/** All stages in order. A new stage needs one line here, and a dependency in package.json. */
export const stages: readonly Stage[] = [
  { name: '0-wake', package: 'poc-stage0-wake', accepts: false, hasFigures: true },
  { name: '1-event', package: 'poc-stage1-event', accepts: true },
  { name: '1-iocp', package: 'poc-stage1-iocp', accepts: true },
  { name: '1u-event', package: 'poc-stage1u-event', accepts: false },
  { name: '1u-uds', package: 'poc-stage1u-uds', accepts: false },
  { name: '2-echo', package: 'poc-stage2-echo', accepts: false, hasFigures: true },
  { name: '2u-echo', package: 'poc-stage2u-echo', accepts: false, hasFigures: true },
  { name: '3-stress', package: 'poc-stage3-stress', accepts: false, hasFigures: true },
  { name: '3u-stress', package: 'poc-stage3u-stress', accepts: false, hasFigures: true },
  { name: '4-pinned', package: 'poc-stage4-pinned', accepts: false, hasFigures: true },
  { name: '5-reactor', package: 'poc-stage5-reactor', accepts: false, hasFigures: true },
];
