import { parseAcceptOptions, stageMain } from 'poc-kit';
import { runTest, stage1Event } from './stage1-accept-event.js';

stageMain(stage1Event.name, (args) => runTest(parseAcceptOptions(args)));
