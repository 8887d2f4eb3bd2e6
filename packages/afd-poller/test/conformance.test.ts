import { crossSection, testedBuild } from 'test-kit';
import { presetNames } from './pollers.js';
import { conformSimulated } from './simulated-conformance.js';

// Release: every case with every preset. Debug, which is slower: each case with one preset; the
// siege runs all there, too.
conformSimulated(testedBuild === 'debug' ? crossSection(presetNames) : undefined);
