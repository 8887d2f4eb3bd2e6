import { checkRuns } from 'test-kit';
import { parseAddress } from 'tofu-sockets';
import { test } from 'vitest';
import { checkRandomTexts } from './check-text.js';
import { RandomTexts } from './random-texts.js';

test('parseAddress throws for none of 50,000 random texts, and cuts none', () =>
  checkRandomTexts(50_000));

test('20,000 valid addresses are accepted', () => {
  checkRuns(20_000, (choices) => {
    const text = new RandomTexts(choices).valid();
    const { error } = parseAddress(text, 'client');
    if (error !== undefined) throw new Error(`${JSON.stringify(text)}: ${error.message}`);
  });
});
