import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MisuseCase, testMisuses } from 'test-kit';

const script = join(import.meta.dirname, 'misuse.mjs');
const { cases } = (await import(pathToFileURL(script).href)) as { cases: readonly MisuseCase[] };

const kinds: Record<string, string> = { ERR_REACTOR: 'ReactorError', ERR_POLLER: 'PollerError' };

/** Creates a test for each case that the filter accepts. */
export function testReactorMisuses(filter: (misuse: MisuseCase) => boolean): void {
  const expected = (code: string) => {
    const kind = kinds[code.split('_').slice(0, 2).join('_')] ?? 'SktError';
    return [new RegExp(`^${kind} ${code}: .{10,600}$`)];
  };
  testMisuses({ script, cases, filter, expected });
}
