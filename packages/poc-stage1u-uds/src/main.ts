import { stageMain, UsageError } from 'poc-kit';
import { runTest } from './stage1u-accept-uds.js';

stageMain((args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 1U takes no arguments, got "${args.join(' ')}".`);
});
