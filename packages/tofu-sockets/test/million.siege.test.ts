import { test } from 'vitest';
import { checkRandomTexts } from './check-text.js';

test('parseAddress throws for none of 1,000,000 random texts, and cuts none', {
  timeout: 600_000,
}, () => {
  checkRandomTexts(1_000_000);
});
