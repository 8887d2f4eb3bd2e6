import { crossSection } from 'test-kit';
import { presetNames } from './pollers.js';
import { conformSimulated } from './simulated-conformance.js';

// Each case with one preset, by turns; the siege runs each case with all presets.
conformSimulated(crossSection(presetNames));
