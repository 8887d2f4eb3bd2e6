/*
 * Run by `winnode doctor` in Windows Node. Asks the ntdllx of the project in the working directory
 * what it sees, for that is the one that the project's programs use, and prints each answer as a
 * line of JSON as soon as it is there: a later one may crash.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Probe {
  probeNt(): Iterable<unknown>;
}

const print = (answer: unknown) => writeSync(1, `${JSON.stringify(answer)}\n`);

function find(): string | undefined {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve('ntdllx/probe');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const isOld = code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
    print({ reason: isOld ? 'has an ntdllx that is too old to be asked' : 'has no ntdllx to ask' });
    return undefined;
  }
}

const file = find();
if (file !== undefined) {
  const { probeNt } = (await import(pathToFileURL(file).href)) as Probe;
  for (const fact of probeNt()) print(fact);
}
