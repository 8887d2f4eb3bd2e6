import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage4 } from './stage4-pinned.js';

stageMain(stage4.name, (args) => runTest(parseStageOptions(args, 'Stage 4')));
