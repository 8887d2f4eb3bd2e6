/*
 * The Windows builds of native packages, for preload.cts. A project's node_modules has those of its host;
 * winnode puts those for Windows into a directory of their own, which WINNODE_PACKAGES names. What is not
 * found from where it is asked for is looked for there: such a package's name is that of its platform, so
 * it cannot take the place of another one.
 */
const fs: typeof import('node:fs') = require('node:fs');
const module_: typeof import('node:module') = require('node:module');
const path: typeof import('node:path') = require('node:path');
const url: typeof import('node:url') = require('node:url');

type Resolve = (
  request: string,
  parent?: { filename?: string | null },
  ...rest: unknown[]
) => string;

const isMissing = (error: unknown): boolean =>
  /^(ERR_)?MODULE_NOT_FOUND$/.test((error as NodeJS.ErrnoException)?.code ?? '');

/** The version that the package of a module asks for, as its package.json spells it. */
function wantedBy(importer: string, name: string): string | undefined {
  for (let at = path.dirname(importer); path.dirname(at) !== at; at = path.dirname(at)) {
    try {
      const manifest = JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')) as {
        name?: string;
        dependencies?: Record<string, string>;
        optionalDependencies?: Record<string, string>;
      };
      if (manifest.name === undefined) continue; // Of a directory in a package: { "type": "commonjs" }.
      return manifest.optionalDependencies?.[name] ?? manifest.dependencies?.[name];
    } catch {
      // None here.
    }
  }
  return undefined;
}

/** Has what is not found looked for in the directory that WINNODE_PACKAGES names. */
function lendPackages(): void {
  const home = process.env['WINNODE_PACKAGES'];
  if (home === undefined || !path.isAbsolute(home)) return;
  const has = (name: string) => fs.existsSync(path.join(home, 'node_modules', name));
  /** What a package is called there; undefined for what it does not have. */
  const rename = (request: string, importer: string | undefined): string | undefined => {
    const [, name, rest] = /^((?:@[^/:]+\/)?[^./#:@][^/:]*)(\/.*)?$/.exec(request) ?? [];
    if (name === undefined || !has(name)) return undefined;
    // A second version has a name with its number: see placesOf in npm-tree.ts.
    const wanted = importer === undefined ? undefined : wantedBy(importer, name);
    const exact = wanted === undefined ? undefined : `${name}--${wanted}`;
    return `${exact !== undefined && has(exact) ? exact : name}${rest ?? ''}`;
  };
  const file = path.join(home, 'package.json');
  const inside = module_.createRequire(file);

  // What require and require.resolve find.
  const loader = module_ as unknown as { _resolveFilename: Resolve };
  const resolve = loader._resolveFilename;
  loader._resolveFilename = (request, parent, ...rest) => {
    try {
      return resolve.call(loader, request, parent, ...rest);
    } catch (error) {
      const importer = parent?.filename ?? undefined;
      if (!isMissing(error) || importer === file) throw error;
      const renamed = rename(request, importer);
      if (renamed === undefined) throw error;
      return inside.resolve(renamed);
    }
  };
  // What import and import.meta.resolve find.
  module_.registerHooks?.({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        const from = context.parentURL;
        if (!isMissing(error) || from === undefined || !from.startsWith('file:')) throw error;
        const renamed = rename(specifier, url.fileURLToPath(from));
        if (renamed === undefined) throw error;
        return next(renamed, { ...context, parentURL: url.pathToFileURL(file).href });
      }
    },
  });
}

module.exports = { lendPackages };
