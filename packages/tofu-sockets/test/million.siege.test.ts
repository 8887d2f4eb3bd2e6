import { test } from 'vitest';
import { checkRandomTexts } from './check-text.js';

test('1,000,000 random texts: none throws, none is cut', { timeout: 600_000 }, () => {
  checkRandomTexts(1_000_000);
});
