import { afterEach, describe, test } from 'vitest';
import { Crowd, registerCrowd } from './crowd.js';
import { presetNames } from './pollers.js';

const crowd = new Crowd();
afterEach(() => crowd.close());

describe.each(presetNames)('%s', (preset) => {
  test('ten thousand registered sockets: add, poll, report the right one, close', () => {
    registerCrowd(crowd, preset, 10_000);
  });
});
