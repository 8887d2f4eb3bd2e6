import {
  guardOutput,
  parseStageOptions,
  reportUsage,
  stageMain,
  takeTraceFlags,
  withTrace,
} from 'poc-kit';
import { parseServeAddress, serve } from './serve.js';
import { runTest, stage2Echo } from './stage2-echo.js';

if (process.argv.includes('--serve')) {
  guardOutput();
  await reportUsage(async () => {
    const { rest, ...flags } = takeTraceFlags(process.argv.slice(2));
    const address = parseServeAddress(rest);
    await withTrace(flags, 'echo server', () => serve(address));
  });
} else {
  stageMain(stage2Echo.name, (args) =>
    runTest(parseStageOptions(args, '--serve with --address; or without it stage 2')),
  );
}
