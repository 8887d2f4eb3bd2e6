import { test } from 'vitest';
import { compare } from './compare.js';
import { tls, tlsHalfOpen } from './scenarios/tls.js';
import { ws } from './scenarios/ws.js';

// The siege plays all scenarios.
test.each([ws, tls, tlsHalfOpen])(
  'the scenario $name has the same transcript on the reactor as on node:net',
  compare,
);
