import { testTheRunner } from './misuse.js';

// In Windows Node a process takes seconds: the host's own Node runs the other tests.
testTheRunner('its promise');
