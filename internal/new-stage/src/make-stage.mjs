// Creates a stage completely or not at all: it keeps the previous files until everything has
// succeeded.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entries } from './entries.mjs';
import { stageNames } from './names.mjs';

export { StageError } from './names.mjs';

const template = join(import.meta.dirname, '..', 'template');
const lockfile = 'pnpm-lock.yaml';

/** The template's files with the names filled in: path to text. */
function filledIn(names) {
  const files = new Map();
  for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const path = source.slice(template.length + 1).replaceAll('\\', '/');
    const target = path
      .replace(/\.txt$/, '')
      .replace(/^package\//, `packages/${names.package}/`)
      .replace(/\bstage\.(win\.test\.)?ts$/, `${names.file}.$1ts`);
    const text = readFileSync(source, 'utf8');
    files.set(
      target,
      text.replace(/\{\{(\w+)\}\}/g, (_, name) => names[name]),
    );
  }
  return files;
}

/**
 * @param {string} root the repository.
 * @param {(files: string[]) => Promise<void>} finish installs and formats; throws if it cannot.
 * @returns the names of the stage.
 * @throws {StageError} for bad input, before any change; any later error after all files were
 *   restored.
 */
export async function makeStage(root, number, name, finish) {
  const names = stageNames(root, number, name);
  const files = new Map([...entries(root, names), ...filledIn(names)]);
  const own = join(root, 'packages', names.package);
  const before = new Map();
  for (const file of [...files.keys(), lockfile]) {
    const path = join(root, file);
    before.set(path, existsSync(path) ? readFileSync(path) : undefined);
  }
  try {
    for (const [file, text] of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    await finish([...files.keys()].filter((file) => !file.endsWith('.md')));
    return names;
  } catch (error) {
    const left = putBack(before, own);
    if (left.length > 0)
      error.message += `\nThese files could not be restored: ${left.join(', ')}. git status shows what they contain now.`;
    throw error;
  }
}

/**
 * Restores every file, and continues if one cannot be restored.
 *
 * @returns the files that could not be restored, and why
 */
function putBack(before, own) {
  const left = [];
  const attempt = (path, step) => {
    try {
      step();
    } catch (error) {
      left.push(`${path} (${error.message})`);
    }
  };
  for (const [path, bytes] of before) {
    if (bytes !== undefined) attempt(path, () => writeFileSync(path, bytes));
    else attempt(path, () => rmSync(path, { force: true }));
  }
  attempt(own, () => rmSync(own, { recursive: true, force: true }));
  return left;
}
