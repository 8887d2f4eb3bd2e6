import { execFileSync } from 'node:child_process';
import { type Allocation, allocationFlags, eventsScript, type PresetName } from '@tofu-nt/bench';
import { expect } from 'vitest';

// The engine allocates nothing per event: bytes above 0 are V8's own allocations during the
// measurement. One boxed number would be 16 bytes. A wait allocates the iterator of its list and
// the clock's result, about 110 bytes.
const mostBytesPerEvent = 1;
const mostBytesPerWait = 200;

/** Measures in a process of its own what an event and a wait allocate with a preset. */
export function expectNoAllocation(preset: PresetName): void {
  const args = [...allocationFlags, eventsScript, preset, 'allocation'];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const { allocation, atOnceAllocation } = JSON.parse(said) as Record<string, Allocation>;
  for (const [what, seen] of [
    ['polls that pend', allocation as Allocation],
    ['polls that succeed at once', atOnceAllocation as Allocation],
  ] as const) {
    const { bytesPerEvent, bytesPerWait } = seen;
    console.log(
      `[${preset}] ${what}: ${bytesPerEvent.toFixed(2)} bytes an event, ${bytesPerWait.toFixed()} a wait`,
    );
    expect(bytesPerEvent, what).toBeLessThan(mostBytesPerEvent);
    expect(bytesPerWait, what).toBeLessThan(mostBytesPerWait);
  }
}
