import { Line } from './line.js';
import type { PollBlocks } from './poll-blocks.js';
import type { Registration } from './registration.js';

/** One request of the group way, and who it is about, in the order of its handles. */
export class Group {
  readonly members = new Line<Registration>();
  /** Its block, while it has one, and where that is from. */
  blocks: PollBlocks | undefined;
  block = -1;
  /** The handle that the request is made on; of HelperHandles. */
  place = -1;
  isCancelled = false;
  /** Cancelled so that its members can be put together with others. */
  isGathered = false;
  /** In which flush it was made. */
  armedAt = 0;
  /** Among those that pend and have room; see {@link LooseGroups}. */
  older: Group | undefined;
  newer: Group | undefined;
  isLoose = false;
}

/** Groups that pend and have room for more, the oldest first. */
export class LooseGroups {
  #oldest: Group | undefined;
  #newest: Group | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get oldest(): Group | undefined {
    return this.#oldest;
  }

  add(group: Group): void {
    group.isLoose = true;
    group.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = group;
    else this.#newest.newer = group;
    this.#newest = group;
    this.#count += 1;
  }

  /** Takes one out, if it is in. */
  remove(group: Group): void {
    if (!group.isLoose) return;
    group.isLoose = false;
    if (group.older === undefined) this.#oldest = group.newer;
    else group.older.newer = group.newer;
    if (group.newer === undefined) this.#newest = group.older;
    else group.newer.older = group.older;
    group.older = undefined;
    group.newer = undefined;
    this.#count -= 1;
  }
}

/** What the output says of each member. It names the ready ones, in the order of the request (F12). */
export function readOutput({ members, blocks, block }: Group, count: number): void {
  const output = blocks as PollBlocks;
  let at = 0;
  for (let index = 0; index < members.length; index += 1) {
    const registration = members.at(index);
    const isNamed = at < count && output.handle(block, at) === registration.base;
    registration.saidEvents = isNamed ? output.events(block, at) : 0;
    registration.saidCause = isNamed ? output.cause(block, at) : 0;
    if (isNamed) at += 1;
  }
  // Out of order, which nobody has seen: whoever is not found would be asked again for ever.
  for (; at < count; at += 1) {
    const handle = output.handle(block, at);
    for (let index = 0; index < members.length; index += 1) {
      const registration = members.at(index);
      if (registration.saidEvents !== 0 || registration.base !== handle) continue;
      registration.saidEvents = output.events(block, at);
      registration.saidCause = output.cause(block, at);
      break;
    }
  }
}
