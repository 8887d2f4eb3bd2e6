import { stageMain, traceFlagNames, UsageError } from 'poc-kit';
import { runTest, stage1u } from './stage1u-accept-uds.js';

stageMain(stage1u.name, (args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 1U takes ${traceFlagNames}; got "${args.join(' ')}".`);
});
