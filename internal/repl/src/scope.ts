import * as afdPoller from 'afd-poller';
import { RawPoller } from 'nt-afd/raw-poll';
import * as ntdllx from 'ntdllx';
import * as kernel32 from 'ntdllx/kernel32';
import type { FunctionName } from 'ntdllx/trace';
import * as tofuSockets from 'tofu-sockets';
import { Polls } from './afd-poll.js';
import { checked } from './checked-call.js';
import { prototypeOf } from './prototype-text.js';

/** The names of the prompt, and the objects that must be closed. */
export interface Scope {
  readonly names: Readonly<Record<string, unknown>>;
  /**
   * Closes the open pollers and polls.
   *
   * @returns their names, for a message
   */
  close(): string[];
}

/** Exports by name; NT functions check their arguments first. */
function atHand(exports: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(exports).map(([name, value]) => {
    if (typeof value !== 'function' || prototypeOf(name) === undefined) return [name, value];
    return [name, checked(name as FunctionName, value as () => unknown)];
  });
  return Object.fromEntries(entries);
}

/** Makes the scope of one prompt. Has no side effect. */
export function makeScope(): Scope {
  const polls = new Polls();
  const pollers = new Set<afdPoller.AfdPoller>();
  class AfdPoller<Token = unknown> extends afdPoller.AfdPoller<Token> {
    constructor(options?: afdPoller.PollerOptions) {
      super(options);
      pollers.add(this as afdPoller.AfdPoller);
    }
    override close(): void {
      super.close();
      pollers.delete(this as afdPoller.AfdPoller);
    }
  }
  const names = {
    ...atHand(ntdllx),
    ...atHand(kernel32),
    ...tofuSockets,
    ...afdPoller,
    AfdPoller,
    RawPoller,
    poll: polls.arm.bind(polls),
  };
  return {
    names,
    close() {
      const closed: string[] = [];
      for (const poller of [...pollers]) {
        poller.close();
        closed.push('an AfdPoller');
      }
      if (polls.close()) closed.push('the port of poll()');
      return closed;
    },
  };
}
