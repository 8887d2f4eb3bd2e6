import { afterEach, describe, test } from 'vitest';
import { Crowd, registerCrowd } from './crowd.js';

const crowd = new Crowd();
afterEach(() => crowd.close());

describe.each(['self', 'helper', 'group'] as const)('%s', (way) => {
  test('ten thousand registered sockets: add, poll, tell the right one, close', () => {
    registerCrowd(crowd, way, 10_000);
  });
});
