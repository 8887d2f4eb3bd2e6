import { stageMain, UsageError } from 'poc-kit';
import { runTest } from './stage3-stress.js';

stageMain((args) => {
  if (args.length === 0) return runTest();
  throw new UsageError(`Stage 3 takes no arguments, got "${args.join(' ')}".`);
});
