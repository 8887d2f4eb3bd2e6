/*
 * Finds the Windows builds of native packages. Used by preload.cts. A project's node_modules
 * contains the builds for its host. winnode puts the builds for Windows into another directory,
 * which WINNODE_PACKAGES names. When Node does not find a package in the usual places, this part
 * looks there. The name of such a package contains its platform, so it replaces no other package.
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

/** The version range of a dependency in the package.json of the importing module. */
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
      // There is no package.json here.
    }
  }
  return undefined;
}

/** Makes Node search the directory that WINNODE_PACKAGES names for packages that it does not find. */
function lendPackages(): void {
  const home = process.env['WINNODE_PACKAGES'];
  if (home === undefined || !path.isAbsolute(home)) return;
  const has = (name: string) => fs.existsSync(path.join(home, 'node_modules', name));
  /**
   * The name of a package in that directory; undefined if the directory does not have the package.
   */
  const rename = (request: string, importer: string | undefined): string | undefined => {
    const [, name, rest] = /^((?:@[^/:]+\/)?[^./#:@][^/:]*)(\/.*)?$/.exec(request) ?? [];
    if (name === undefined || !has(name)) return undefined;
    // Other versions have the version in their directory's name: see placesOf in npm-tree.ts.
    const wanted = importer === undefined ? undefined : wantedBy(importer, name);
    const exact = wanted === undefined ? undefined : `${name}--${wanted}`;
    return `${exact !== undefined && has(exact) ? exact : name}${rest ?? ''}`;
  };
  const file = path.join(home, 'package.json');
  const inside = module_.createRequire(file);

  // Resolution for require and require.resolve.
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
  // Resolution for import and import.meta.resolve.
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
