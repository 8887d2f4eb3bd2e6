#!/usr/bin/env node
// Bundles the package in the working directory into dist/release: every entry in its `exports`,
// optimized, with assertions compiled out. Dependencies remain imports.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt, noteBuilt } from '../src/built-once.mjs';

if (isBuilt()) process.exit();

const { rolldown } = await import('rolldown');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const bundled = (path) => /^\.\/dist\/release\/(.+)\.(c?)js$/.exec(path ?? '');

const entries = [
  ...Object.values(manifest.exports).map((target) => target.default),
  // Files that are loaded by URL instead of by name, such as a worker's script.
  ...(manifest.releaseEntries ?? []),
].flatMap((path) => {
  const match = bundled(path);
  return match === null
    ? []
    : [{ name: match[1], source: join('src', `${match[1]}.${match[2]}ts`) }];
});

const external = (id) => !id.startsWith('.') && !id.startsWith('/') && !/^[A-Za-z]:/.test(id);
const options = {
  external,
  platform: 'node',
  tsconfig: 'tsconfig.build.json',
  transform: { define: { RELEASE_BUILD: 'true' } },
  optimization: { inlineConst: true },
};
const output = {
  dir: 'dist/release',
  sourcemap: true,
  // Names are kept, so that stack traces of the release build are readable.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  // Doc comments are in the declarations, and in the sources that the source map contains.
  comments: { legal: true, annotation: true, jsdoc: false },
  entryFileNames: '[name].js',
  chunkFileNames: 'shared-[name].js',
  minifyInternalExports: false,
};

rmSync('dist/release', { recursive: true, force: true });
const modules = entries.filter(({ source }) => !source.endsWith('.cts'));
await build(modules, { ...output, format: 'esm' });
const scripts = entries.filter(({ source }) => source.endsWith('.cts'));
if (scripts.length > 0) {
  await build(scripts, { ...output, format: 'cjs', entryFileNames: '[name].cjs' });
}
noteBuilt();

async function build(list, outputOptions) {
  const input = Object.fromEntries(list.map(({ name, source }) => [name, source]));
  const bundle = await rolldown({ ...options, input });
  const { output: files } = await bundle.write(outputOptions);
  await bundle.close();
  for (const file of files) {
    if (file.type !== 'chunk') continue;
    process.stdout.write(`dist/release/${file.fileName}  ${file.code.length} bytes\n`);
  }
}
