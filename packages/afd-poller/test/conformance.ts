import { test } from 'vitest';
import { acceptAndConnect } from './cases/accept-and-connect.js';
import { data } from './cases/data.js';
import { ends } from './cases/ends.js';
import { many } from './cases/many.js';
import { once } from './cases/poll-once.js';
import { registrations } from './cases/registrations.js';
import { wakeAndTime } from './cases/wake-and-time.js';
import { Fixture, type Host, type Over } from './fixture.js';
import { type PresetName, presetNames } from './pollers.js';

const groups = { wakeAndTime, acceptAndConnect, data, ends, registrations, many, once };

/**
 * Runs cases for one kind of sockets on a host.
 *
 * @param isChosen whether the next case runs with a preset; default: every case runs with every
 *   preset.
 */
export function conform(
  over: Over,
  makeHost: () => Omit<Host, 'over'>,
  isChosen: (preset: PresetName) => boolean = () => true,
): void {
  for (const preset of presetNames) {
    for (const { list } of Object.values(groups)) {
      for (const { name, run, only = over } of list) {
        if (only !== over || !isChosen(preset)) continue;
        const host = { ...makeHost(), over };
        test(`${name} [${preset}]`, () => runIn(new Fixture(host, preset), run));
      }
    }
  }
}

/** Runs the cases with one id again, alone. */
export function runCase(id: string, host: Host, preset: PresetName): void {
  const cases = Object.values(groups).flatMap(({ list }) => list);
  const found = cases.filter(({ name }) => name.startsWith(`${id} `));
  if (found.length === 0) throw new Error(`There is no case with the id ${id}.`);
  for (const { run } of found) runIn(new Fixture(host, preset), run);
}

function runIn(fixture: Fixture, run: (fixture: Fixture) => void): void {
  try {
    run(fixture);
  } finally {
    fixture.close();
  }
}
