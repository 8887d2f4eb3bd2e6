import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MisuseCase, testMisuses } from 'test-kit';

const script = join(import.meta.dirname, 'misuse.mjs');
const { cases } = (await import(pathToFileURL(script).href)) as { cases: readonly MisuseCase[] };

/** Creates a test for each case that the filter accepts. */
export function testPollerMisuses(filter: (misuse: MisuseCase) => boolean): void {
  const expected = (code: string) => {
    const kind = code.startsWith('ERR_SKT') ? 'SktError' : 'PollerError';
    return [new RegExp(`^${kind} ${code}: .{10,500}$`)];
  };
  testMisuses({ script, cases, filter, expected });
}
