// Says, in the process that tests, which file the package under test really is, and refuses the
// wrong build.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';

const manifest = join(process.cwd(), 'package.json');
const { name, exports, scripts } = JSON.parse(readFileSync(manifest, 'utf8'));
const entry = exports?.['.'] === undefined ? Object.keys(exports)[0].replace('.', name) : name;
const resolved = createRequire(manifest).resolve(entry);
const build = process.env.TEST_BUILD;
writeSync(1, `testing ${entry} from ${resolved}\n`);
// A package of plain JavaScript has no builds.
const isBuilt = scripts?.['build:debug'] !== undefined;
if (isBuilt && !relative(process.cwd(), resolved).startsWith(join('dist', build))) {
  throw new Error(`${resolved} is not the ${build} build`);
}
