import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage0 } from './stage0-wake.js';

stageMain(stage0.name, (args) => runTest(parseStageOptions(args, 'Stage 0')));
