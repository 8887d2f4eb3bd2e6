import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type MisuseCase, testMisuses } from 'test-kit';

const script = join(import.meta.dirname, 'misuse.mjs');
const { cases } = (await import(pathToFileURL(script).href)) as { cases: readonly MisuseCase[] };

/** Makes a test for each case that matches the filter. */
export function testSocketMisuses(filter: (misuse: MisuseCase) => boolean): void {
  const expected = (code: string) =>
    code === 'ERR_WSA'
      ? [/^WsaError (E|WSA)[A-Z]+: .{10,500}$/, / failed with WSA[A-Z]+ \(\d{5}\)\. /]
      : [new RegExp(`^SktError ${code}: .{10,500}$`)];
  testMisuses({ script, cases, filter, expected });
}
