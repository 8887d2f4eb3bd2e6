import { stageMain, UsageError } from 'poc-kit';
import { runTest } from './stage0-wake.js';

stageMain((args) => {
  if (args.length > 0) throw new UsageError(`Stage 0 takes no arguments, got "${args.join(' ')}".`);
  return runTest();
});
