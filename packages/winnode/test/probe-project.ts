import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A project whose package.json has this `winnode` field, and the text of its probe.mjs. */
export function probeProject(
  scratch: string,
  name: string,
  text = '',
  winnode: unknown = { probe: './probe.mjs' },
): string {
  const directory = join(scratch, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'made-up', winnode }));
  writeFileSync(join(directory, 'probe.mjs'), text);
  return directory;
}

/** The source of a probe. `body` is the body of an async generator in which `good` is an item. */
export const probeOf = (body: string) => `
  const good = { name: 'first', isNecessary: true, verdict: 'ok', version: '1.2', detail: 'seen', hint: '' };
  export default async function* () { ${body} }
`;
