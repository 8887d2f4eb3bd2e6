import { reportUsage, stageMain, UsageError } from 'poc-kit';
import { parseServeAddress, serve } from './serve.js';
import { runTest } from './stage2-echo.js';

if (process.argv.includes('--serve')) {
  await reportUsage(async () => {
    await serve(parseServeAddress(process.argv.slice(2)));
  });
} else {
  stageMain((args) => {
    if (args.length === 0) return runTest();
    throw new UsageError(`Known: --serve, and with it --address; got "${args.join(' ')}".`);
  });
}
