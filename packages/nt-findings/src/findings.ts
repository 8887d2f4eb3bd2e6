import type { Finding } from './finding.js';
import { cancels } from './findings/cancels.js';
import { connections } from './findings/connections.js';
import { endings } from './findings/endings.js';
import { packets } from './findings/packets.js';
import { requests } from './findings/requests.js';
import { wrongPolls } from './findings/wrong-polls.js';

/** Every finding, by its number. */
export const findings: readonly Finding[] = [
  ...packets,
  ...cancels,
  ...requests,
  ...connections,
  ...endings,
  ...wrongPolls,
].sort((one, other) => one.id.localeCompare(other.id));
