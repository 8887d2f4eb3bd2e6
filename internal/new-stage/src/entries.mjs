// Adds a stage to the list of stages: the dependencies of poc-ladder. Everything else that needs the
// stages reads this list.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StageError } from './names.mjs';

const list = 'internal/poc-ladder/package.json';
const byNumber = new Intl.Collator('en', { numeric: true });

/** Returns the changed file: path to text. Writes nothing. */
export function entries(root, names) {
  const manifest = JSON.parse(readFileSync(join(root, list), 'utf8'));
  const known = Object.entries(manifest.dependencies ?? {});
  if (!known.some(([name]) => name.startsWith('poc-stage'))) {
    throw new StageError(
      `${list} has no dependency whose name begins with poc-stage: restore its list of stages.`,
    );
  }
  const sorted = [...known, [names.package, 'workspace:*']].sort(([a], [b]) =>
    byNumber.compare(a, b),
  );
  const text = { ...manifest, dependencies: Object.fromEntries(sorted) };
  return new Map([[list, `${JSON.stringify(text, undefined, 2)}\n`]]);
}
