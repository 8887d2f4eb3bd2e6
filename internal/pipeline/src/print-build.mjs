// Prints, in the test process, the path of the package under test, and fails for the wrong build.
// The working directory of a test is its package.
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const packageOf = (path) =>
  existsSync(join(path, 'package.json')) ? path : packageOf(dirname(path));
const directory = packageOf(dirname(globalThis.__vitest_worker__.filepath));
process.chdir(directory);

const manifest = join(directory, 'package.json');
const { name, exports, scripts } = JSON.parse(readFileSync(manifest, 'utf8'));
// A package of plain JavaScript has no builds.
const isBuilt = scripts?.['build:debug'] !== undefined;
const build = process.env.TEST_BUILD;
if (exports !== undefined) {
  const entry = exports['.'] === undefined ? Object.keys(exports)[0].replace('.', name) : name;
  const resolved = createRequire(manifest).resolve(entry);
  writeSync(1, `testing ${entry} from ${resolved}\n`);
  if (isBuilt && !relative(directory, resolved).startsWith(join('dist', build))) {
    throw new Error(`${resolved} is not the ${build} build`);
  }
}
