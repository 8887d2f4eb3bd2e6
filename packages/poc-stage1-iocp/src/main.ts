import { parseAcceptOptions, stageMain } from 'poc-kit';
import { runTest, stage1Iocp } from './stage1-accept-iocp.js';

stageMain(stage1Iocp.name, (args) => runTest(parseAcceptOptions(args)));
