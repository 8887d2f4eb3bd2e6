import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage3Stress } from './stage3-stress.js';

stageMain(stage3Stress.name, (args) => runTest(parseStageOptions(args, 'Stage 3')));
