import { parseStageOptions, stageMain } from 'poc-kit';
import { runTest, stage5 } from './stage5-reactor.js';

stageMain(stage5.name, (args) => runTest(parseStageOptions(args, 'Stage 5')));
