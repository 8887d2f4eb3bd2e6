import { test } from 'vitest';
import { expectNoAllocation } from './allocation.js';

test('an event of the engine allocates nothing [single]', () => expectNoAllocation('single'));
