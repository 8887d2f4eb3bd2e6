import {
  type AfdPoller,
  type PollEvent,
  type PollerOptions,
  presets,
  type SocketEvent,
} from 'afd-poller';
import { createPoller, type KernelOptions } from 'afd-poller/internal';

/** The name of a preset. */
export type PresetName = keyof typeof presets;

/** The names of all presets. */
export const presetNames: PresetName[] = ['self', 'single', 'batched'];

/** Creates a poller with a preset, optionally with another kernel or another clock. */
export function pollerOf<Token = unknown>(
  preset: PresetName,
  options: PollerOptions & KernelOptions = {},
): AfdPoller<Token> {
  return createPoller<Token>({ ...presets[preset], ...options });
}

/** The socket events of a list. */
export function* socketEvents<Token>(
  events: Iterable<PollEvent<Token>>,
): Generator<SocketEvent<Token>, void> {
  for (const event of events) if (event.kind === 'socket') yield event;
}

/** The tokens of the socket events of a list. */
export function tokensOf<Token>(events: Iterable<PollEvent<Token>>): Token[] {
  return [...socketEvents(events)].map(({ token }) => token);
}
