import type { Contract, Over } from './contract.js';
import { pollRequest } from './poll-request.js';
import { port } from './port.js';
import { reported } from './reported.js';
import { endings, several } from './several.js';
import { sockets } from './sockets.js';

const groups = {
  'the request': pollRequest,
  'reported events': reported,
  'several sockets and several polls': several,
  'early ends': endings,
  ports: port,
  sockets,
} as const;

/**
 * Returns all contracts about sockets with this kind of name, in groups. The same list runs on the
 * simulated and on the real kernel.
 */
export function contractsOver(over: Over): [group: string, list: Contract[]][] {
  const isFit = ({ only }: Contract) => only === undefined || only === over;
  return Object.entries(groups).map(([group, list]) => [group, list.filter(isFit)]);
}
