// Prints the directory of the pnpm that npm has put onto the PATH. This is a script and not an
// argument of `node -e`, because cmd.exe would interpret characters of the expression.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const directories = process.env.PATH.split(delimiter);
process.stdout.write(directories.find((each) => existsSync(join(each, 'pnpm'))) ?? '');
