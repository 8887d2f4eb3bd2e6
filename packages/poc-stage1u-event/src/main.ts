import { stageMain, traceFlagNames, UsageError } from 'poc-kit';
import { runTest, stage1uEvent } from './stage1u-accept-event.js';

stageMain(stage1uEvent.name, (args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 1U by event takes ${traceFlagNames}; got "${args.join(' ')}".`);
});
