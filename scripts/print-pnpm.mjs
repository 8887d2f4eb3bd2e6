// Prints the directory of the pnpm that npm has put onto the PATH. A script, because an expression
// has signs that cmd.exe reads.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const directories = process.env.PATH.split(delimiter);
process.stdout.write(directories.find((each) => existsSync(join(each, 'pnpm'))) ?? '');
