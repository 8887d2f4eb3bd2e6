import { testTheRunner } from './misuse.js';

// In Windows Node a process costs seconds: the rest is asked of the host's own Node.
testTheRunner('its promise');
