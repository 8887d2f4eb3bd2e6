// Makes the API reference from the doc comments. An export without a comment is an error, and a
// link without a target is an error.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { slugOf } from './links.mjs';
import { modulesOf, published, root } from './packages.mjs';

const docs = join(root, 'docs');
const out = join(docs, 'api');
const posixOf = (file) => file.replaceAll(sep, '/');

/** The comment of a getter is also that of its setter. */
function shareAccessorComments(context) {
  for (const { getSignature, setSignature } of context.project.getReflectionsByKind(
    ReflectionKind.Accessor,
  )) {
    if (setSignature && !setSignature.comment)
      setSignature.comment = getSignature?.comment?.clone();
  }
}

const { Class, Interface, Enum, EnumMember, Variable, Function: Fn, TypeAlias } = ReflectionKind;
const { Property, Method, Accessor, TypeLiteral } = ReflectionKind;
const documentedKinds =
  Class | Interface | Enum | EnumMember | Variable | Fn | TypeAlias | Property | Method | Accessor;

/** A part of an object literal's type: the comment of the export describes it. */
const isPart = ({ parent }) =>
  parent !== undefined && (parent.kindOf(TypeLiteral) || isPart(parent));

/** A method that Node calls, such as `_read` of a stream: Node describes it. */
const isOfStreams = ({ name, overwrites }) => name.startsWith('_') && overwrites !== undefined;

const hasText = (reflection) => reflection.comment?.hasVisibleComponent() === true;

/**
 * The exports, and the members of exported classes and interfaces, that have no comment. As
 * TypeDoc's own option `notDocumented`, but without the parts of object literals.
 */
function undocumented(project) {
  return project
    .getReflectionsByKind(documentedKinds)
    .filter((each) => !isPart(each) && !isOfStreams(each))
    .filter((each) => {
      // One comment is sufficient for several overloads.
      const signatures = each.signatures ?? [each.getSignature ?? each.setSignature];
      return !hasText(each) && !signatures.some((one) => one !== undefined && hasText(one));
    })
    .map((each) => each.getFullName());
}

/**
 * TypeDoc names a module after its source file. The reference names a module as a program imports
 * it.
 */
function renameModules(project, modules) {
  for (const child of project.children ?? []) {
    const { name } = modules.find(({ name, source }) => {
      const [own] = name.split('/');
      const directory = join(root, 'packages', own, 'src');
      const file = posixOf(relative(directory, source)).replace(/\.ts$/, '');
      return child.name === `${own}/src${file === 'index' ? '' : `/${file}`}`;
    });
    child.name = name;
  }
}

/**
 * The plugin links to a type alias as `#name-1`, even where its heading is the only one of that
 * name.
 */
function mendAnchors() {
  const files = readdirSync(out, { recursive: true }).filter((file) => file.endsWith('.md'));
  const texts = new Map(
    files.map((file) => [posixOf(file), readFileSync(join(out, file), 'utf8')]),
  );
  const headings = new Map(
    [...texts].map(([file, text]) => {
      const found = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slugOf(heading));
      return [file, found];
    }),
  );
  for (const [file, text] of texts) {
    const mended = text.replace(/\]\(([^()#]*)#([\w-]+)-1\)/g, (link, path, anchor) => {
      const target = path === '' ? file : posix.join(posix.dirname(file), path);
      const count = headings.get(target)?.filter((each) => each === anchor).length;
      return count === 1 ? `](${path}#${anchor})` : link;
    });
    if (mended !== text) writeFileSync(join(out, file), mended);
  }
}

/** Writes a page per module to docs/api. @throws {Error} if a comment or a link is missing. */
export async function makeReference() {
  rmSync(out, { recursive: true, force: true });
  const modules = published.flatMap(modulesOf);
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: modules.map(({ source }) => source),
    tsconfig: join(docs, 'tsconfig.api.json'),
    readme: 'none',
    router: 'module',
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    disableSources: true,
    sort: ['kind', 'alphabetical'],
    validation: { notExported: false, invalidLink: true, notDocumented: false },
    logLevel: 'Warn',
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    outputs: [{ name: 'markdown', path: out }],
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, shareAccessorComments);
  const project = await app.convert();
  if (project === undefined) throw new Error('The sources do not compile: see the output above.');
  renameModules(project, modules);
  app.validate(project);
  const missing = undocumented(project);
  if (missing.length > 0) throw new Error(`Exports without a comment:\n${missing.join('\n')}`);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('The reference is incomplete: see the output above.');
  }
  mendAnchors();
  return modules;
}
