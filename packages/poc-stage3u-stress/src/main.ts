import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage3uStress } from './stage3u-stress.js';

stageMain(stage3uStress.name, (args) => runTest(parseStageOptions(args, 'Stage 3U')));
