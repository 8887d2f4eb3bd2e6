import {
  type AfdPoller,
  type PollEvent,
  type PollerOptions,
  presets,
  type SocketEvent,
} from 'afd-poller';
import { createPoller, type PollerSeams } from 'afd-poller/internal';

/** A preset, by name. */
export type PresetName = keyof typeof presets;

/** All of them. */
export const presetNames: PresetName[] = ['self', 'single', 'batched'];

/** A poller of a preset; with another kernel, or another clock. */
export function pollerOf<Token = unknown>(
  preset: PresetName,
  options: PollerOptions & PollerSeams = {},
): AfdPoller<Token> {
  return createPoller<Token>({ ...presets[preset], ...options });
}

/** Those of a list that are about sockets. */
export function* socketEvents<Token>(
  events: Iterable<PollEvent<Token>>,
): Generator<SocketEvent<Token>, void> {
  for (const event of events) if (event.kind === 'socket') yield event;
}

/** The tokens of these. */
export function tokensOf<Token>(events: Iterable<PollEvent<Token>>): Token[] {
  return [...socketEvents(events)].map(({ token }) => token);
}
