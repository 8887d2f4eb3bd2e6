import { afterEach, describe, test } from 'vitest';
import { Crowd, registerCrowd } from './crowd.js';
import { presetNames } from './pollers.js';

const crowd = new Crowd();
afterEach(() => crowd.close());

describe.each(presetNames)('%s', (preset) => {
  test('of ten thousand registered sockets exactly the ready one is reported', () => {
    registerCrowd(crowd, preset, 10_000);
  });
});
