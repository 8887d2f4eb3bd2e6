import { BlockingPump } from './blocking-pump.js';
import { LoopPump } from './loop-pump.js';
import type { CheckedOptions, ReactorMode } from './options.js';
import type { Pump } from './pump.js';
import { ThreadGate, ThreadWatch } from './thread-watch.js';
import { type TurnBudget, TurnEngine } from './turn-engine.js';
import { WaitPoolWatch } from './wait-pool-watch.js';

/**
 * In Node's loop a turn must be short, because Node's sockets and timers wait meanwhile. In the
 * mode `blocking` it may be long.
 */
const inLoop: TurnBudget = { events: 128, serves: 128, tries: 64, bytes: 1_048_576 };
const budgets: Record<ReactorMode, TurnBudget> = {
  loop: inLoop,
  thread: inLoop,
  blocking: { events: 1_024, serves: 4_096, tries: 256, bytes: 2_097_152 },
};

/**
 * Creates the engine and the pump of a mode.
 *
 * @throws the errors of their constructors; then nothing stays open.
 */
export function createPump(
  mode: ReactorMode,
  options: CheckedOptions,
): { readonly engine: TurnEngine; readonly pump: Pump } {
  const { kernel, now, maxBlockMs, watchPort, startThread } = options;
  const gate = mode === 'thread' ? new ThreadGate(kernel) : undefined;
  const engine = new TurnEngine(gate?.kernel ?? kernel, budgets[mode], now);
  const wake = () => engine.poller.wake();
  try {
    if (mode === 'blocking') return { engine, pump: new BlockingPump(engine, maxBlockMs) };
    const pump = new LoopPump(engine, (port, onPacket) => {
      if (gate !== undefined) {
        return new ThreadWatch(gate, kernel, port, onPacket, wake, startThread);
      }
      return watchPort?.(port, onPacket) ?? new WaitPoolWatch(port, onPacket);
    });
    return { engine, pump };
  } catch (error) {
    engine.close();
    throw error;
  }
}
