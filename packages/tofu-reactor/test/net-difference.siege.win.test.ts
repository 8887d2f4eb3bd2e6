import { test } from 'vitest';
import { checkDifference } from './net-difference.js';

test('2,000 random scripts have the same events in the same order as on node:net', () =>
  checkDifference(2_000));
