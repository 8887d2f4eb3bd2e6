import { NtSetIoCompletion, STATUS_SUCCESS } from 'ntdllx';
import { serveHelper } from 'poc-kit';
import type { WakeTask } from './stage0-wake.js';

// Posts the requested number of packets, with increasing ApcContexts. Answers with the first error
// status, if there is one.
serveHelper<WakeTask, number>(({ port, packet, count = 1 }) => {
  for (let index = 0; index < count; index += 1) {
    const context = packet.context + BigInt(index);
    const { key, status, information } = packet;
    const result = NtSetIoCompletion(port, key, context, status, information);
    if (result !== STATUS_SUCCESS) return result;
  }
  return STATUS_SUCCESS;
});
