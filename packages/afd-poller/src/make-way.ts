import type { CompletionPort } from './completion-port.js';
import { GroupWay } from './group-way.js';
import { HelperHandles } from './helper-handles.js';
import type { CheckedOptions } from './options.js';
import { SelfHandles } from './self-handles.js';
import { SingleRequestWay } from './single-request-way.js';
import type { Outcomes, PollWay } from './way.js';

/** The way of polling that the options ask for. @throws {NtStatusError} when NT refuses. */
export function makeWay(
  options: CheckedOptions,
  port: CompletionPort,
  outcomes: Outcomes,
): PollWay {
  const { kernel, way } = options;
  if (way === 'group') return new GroupWay(kernel, port, outcomes, options);
  const handles = way === 'self' ? new SelfHandles(port) : new HelperHandles(kernel, port, options);
  return new SingleRequestWay(kernel, port, handles, outcomes);
}
