import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage2uEcho } from './stage2u-echo.js';

stageMain(stage2uEcho.name, (args) => runTest(parseStageOptions(args, 'Stage 2U')));
