import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MicroRow } from './micro-row.js';
import type { EngineRow } from './results.js';
import type { Servers } from './servers.js';
import type { PresetName } from './subjects.js';

/** The script that {@link measureEngine} runs on the host; see events.ts. */
export const eventsScript = fileURLToPath(new URL('./events.js', import.meta.url));
/** Prevents garbage collection while allocated bytes are counted. */
export const allocationFlags = [
  '--expose-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
] as const;

/**
 * Measures the cost of the engine alone: on the host's Node without a kernel, and on the real
 * kernel.
 */
export async function measureEngine(
  servers: Servers,
  preset: PresetName,
  { sockets, isQuick }: { readonly sockets: readonly number[]; readonly isQuick: boolean },
): Promise<EngineRow> {
  const args = [...allocationFlags, eventsScript, preset, isQuick ? 'quick' : 'full'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const micro = await servers.runScript<MicroRow[]>('micro', [
    preset,
    sockets.join(),
    `${servers.wineserver ?? ''}`,
  ]);
  return { preset, events: JSON.parse(stdout) as EngineRow['events'], micro };
}
