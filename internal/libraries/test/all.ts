import type { Scenario } from './run.js';
import { grpc } from './scenarios/grpc.js';
import { http } from './scenarios/http.js';
import { http2 } from './scenarios/http2.js';
import { mqtt } from './scenarios/mqtt.js';
import { mysql2 } from './scenarios/mysql2.js';
import { nodemailer } from './scenarios/nodemailer.js';
import { postgres } from './scenarios/pg.js';
import { ssh } from './scenarios/ssh2.js';
import { tls, tlsHalfOpen } from './scenarios/tls.js';
import { undici } from './scenarios/undici.js';
import { ws } from './scenarios/ws.js';

/** Every library's scenario. */
export const scenarios: readonly Scenario[] = [
  grpc,
  http,
  http2,
  mqtt,
  mysql2,
  nodemailer,
  postgres,
  ssh,
  tls,
  tlsHalfOpen,
  undici,
  ws,
];
