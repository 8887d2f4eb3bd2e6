import { stageMain, traceFlagNames, UsageError } from 'poc-kit';
import { runTest, stage3Stress } from './stage3-stress.js';

stageMain(stage3Stress.name, (args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 3 takes ${traceFlagNames}; got "${args.join(' ')}".`);
});
