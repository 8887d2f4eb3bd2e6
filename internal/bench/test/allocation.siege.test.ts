import { presetNames } from '@tofu-nt/bench';
import { test } from 'vitest';
import { expectNoAllocation } from './allocation.js';

test.each(presetNames)('an event of the engine allocates nothing [%s]', expectNoAllocation);
