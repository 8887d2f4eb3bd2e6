import { test } from 'vitest';
import { acceptAndConnect } from './cases/accept-and-connect.js';
import { data } from './cases/data.js';
import { ends } from './cases/ends.js';
import { many } from './cases/many.js';
import { once } from './cases/poll-once.js';
import { registrations } from './cases/registrations.js';
import { wakeAndTime } from './cases/wake-and-time.js';
import { presetNames } from './pollers.js';
import { type Host, Scene } from './scene.js';

const groups = { wakeAndTime, acceptAndConnect, data, ends, registrations, many, once };

/** Runs every case in every way of polling on a host. */
export function conform(makeHost: () => Host): void {
  for (const way of presetNames) {
    for (const { list } of Object.values(groups)) {
      for (const { name, run } of list) {
        const host = makeHost();
        test(`${name} [${way}]`, () => {
          const scene = new Scene(host, way);
          try {
            run(scene);
          } finally {
            scene.close();
          }
        });
      }
    }
  }
}
