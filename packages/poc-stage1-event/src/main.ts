import { parseAcceptOptions, stageMain } from 'poc-kit';
import { runTest } from './stage1-accept-event.js';

stageMain((args) => runTest(parseAcceptOptions(args)));
