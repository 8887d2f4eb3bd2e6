import { pollRequest } from './poll-request.js';
import { port } from './port.js';
import { reported } from './reported.js';
import { endings, several } from './several.js';
import { sockets } from './sockets.js';

/** Every contract, in groups. The same list runs on the simulated and on the real kernel. */
export const allContracts = {
  'the request': pollRequest,
  'what is reported': reported,
  'several at once': several,
  'early ends': endings,
  ports: port,
  sockets,
} as const;
