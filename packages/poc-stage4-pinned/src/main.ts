import { stageMain, traceFlagNames, UsageError } from 'poc-kit';
import { runTest, stage4 } from './stage4-pinned.js';

stageMain(stage4.name, (args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 4 takes ${traceFlagNames}; got "${args.join(' ')}".`);
});
