import { NtSetIoCompletion } from 'ntdllx';
import { serveHelper } from 'poc-kit';
import type { WakeTask } from './stage0-wake.js';

serveHelper<WakeTask, number>(({ port, packet }) =>
  NtSetIoCompletion(port, packet.key, packet.context, packet.status, packet.information),
);
