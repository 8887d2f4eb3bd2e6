import { stageMain, traceFlagNames, UsageError } from 'poc-kit';
import { runTest, stage0 } from './stage0-wake.js';

stageMain(stage0.name, (args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 0 takes ${traceFlagNames}; got "${args.join(' ')}".`);
});
