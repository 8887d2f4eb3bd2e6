import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { BenchFigures, ReportedBench } from './report-input.js';

const ratio = v.pipe(v.number(), v.finite(), v.minValue(0));

/** Of `Results` in bench: what is shown. What else there is is left alone. */
const schema: v.GenericSchema<unknown, BenchFigures> = v.object({
  schema: v.literal(1),
  date: v.pipe(v.string(), v.isoTimestamp()),
  host: v.object({
    name: v.string(),
    cpu: v.string(),
    system: v.string(),
    wine: v.optional(v.string()),
    windowsNode: v.optional(v.string()),
  }),
  settings: v.object({ pairs: v.number(), seconds: v.number() }),
  speed: v.array(
    v.object({
      workload: v.string(),
      label: v.string(),
      ratios: v.pipe(v.array(ratio), v.minLength(1)),
      p99Ratios: v.array(ratio),
    }),
  ),
  notes: v.array(v.string()),
});

function newestFile(directory: string): string | undefined {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
    // The names begin with the date.
    return names.sort().at(-1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the newest file of the bench. A file that is none is a note, never an error. */
export function readBench(directory: string): ReportedBench {
  let file: string | undefined;
  try {
    file = newestFile(directory);
    if (file === undefined) return { note: 'No figures yet: pnpm bench has not run here.' };
    const read = v.parse(schema, JSON.parse(readFileSync(join(directory, file), 'utf8')));
    return { file, figures: read };
  } catch (error) {
    const where = error instanceof v.ValiError ? ` at ${v.getDotPath(error.issues[0])}` : '';
    const [why] = (error as Error).message.split('\n');
    return { note: `No figures: ${file ?? directory} cannot be read${where}: ${why}` };
  }
}
