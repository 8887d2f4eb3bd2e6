import { testTheRunner } from './misuse.js';

testTheRunner();
