import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { BenchFigures, ReportedBench } from './report-input.js';

const ratio = v.pipe(v.number(), v.finite(), v.minValue(0));

/** The shown part of bench's `Results`. Other fields are ignored. */
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
    // File names begin with the date.
    return names.sort().at(-1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the newest result file of the bench. An invalid file leads to a note, not to an error. */
export function readBench(directory: string): ReportedBench {
  let file: string | undefined;
  try {
    file = newestFile(directory);
    if (file === undefined)
      return { note: 'No figures: pnpm bench has not run on this machine yet.' };
    const read = v.parse(schema, JSON.parse(readFileSync(join(directory, file), 'utf8')));
    return { file, figures: read };
  } catch (error) {
    const where = error instanceof v.ValiError ? ` at ${v.getDotPath(error.issues[0])}` : '';
    const [why] = (error as Error).message.split('\n');
    return { note: `No figures: ${file ?? directory} cannot be read${where}: ${why}` };
  }
}
