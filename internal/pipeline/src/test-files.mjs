// The test files of a package, and on which Node each can run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The test files of a package, as paths relative to it.
 *
 * @param directory the package.
 * @param build the tested build: debug excludes `*.release.*`, whose result does not depend on the
 *   build.
 * @param isSiege returns only the long and random files.
 */
export function testFiles(directory, build, isSiege = false) {
  const tests = join(directory, 'test');
  const files = (existsSync(tests) ? readdirSync(tests, { recursive: true }) : [])
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.test.ts') && /\.siege\./.test(file) === isSiege)
    .filter((file) => build === 'release' || !/\.release\./.test(file))
    .sort();
  const isForWindows = (file) => file.endsWith('.win.test.ts');
  return {
    /** Files for any host. */
    host: files.filter((file) => !isForWindows(file)),
    /** Files for Windows Node. */
    windows: files.filter(isForWindows),
  };
}

/** A package with tests to run. */
export function testedPackage(directory, build, isSiege = false) {
  const { name } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { name, directory, ...testFiles(directory, build, isSiege) };
}
