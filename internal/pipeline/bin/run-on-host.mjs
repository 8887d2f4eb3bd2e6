#!/usr/bin/env node
// run-on-host <debug|release> FILE [FILE ...] [vitest options]: runs test files of the package in
// the working directory in this Node only. It is for test files outside of the pipeline that do not
// need Windows.
import { runVitest } from '../src/run-vitest.mjs';

const [build, ...rest] = process.argv.slice(2);
const isOption = (text) => text.startsWith('--');
const files = rest.filter((text) => !isOption(text));
if (!['debug', 'release'].includes(build) || files.length === 0) {
  process.stderr.write('Usage: run-on-host <debug|release> FILE [FILE ...] [vitest options]\n');
  process.exit(1);
}
const packages = [{ name: 'here', directory: process.cwd(), files }];
const { exitCode } = await runVitest('host', packages, {
  build,
  vitestOptions: rest.filter(isOption),
});
process.exitCode = exitCode;
