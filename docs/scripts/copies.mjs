// Copies pages of the repository into the site: the knowledge base, the READMEs, the policies.
// Their links become links of the site.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pageOf, siteLink } from './links.mjs';
import { root } from './packages.mjs';

const docs = join(root, 'docs');
const isCopied = (file) =>
  /^(kb\/.+|(packages|internal)\/[^/]+\/README|CONTRIBUTING|SECURITY|CODE_OF_CONDUCT)\.md$/.test(
    file,
  );

/** Applies a function to the parts of a page that are neither code nor console output. */
function mapProse(text, change) {
  const code = /^( *)```[\s\S]*?^\1```$|``[^`]+``|`[^`\n]*`|<!--[\s\S]*?-->/gm;
  let at = 0;
  let out = '';
  for (const found of text.matchAll(code)) {
    out += change(text.slice(at, found.index)) + found[0];
    at = found.index + found[0].length;
  }
  return out + change(text.slice(at));
}

/** Rewrites the links of a page. A link without a target becomes its text. */
function rewrite(text, file) {
  // Links are rewritten first, because the text of a link may contain code.
  const linked = text.replace(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (_, words, link) => {
    const target = siteLink(link, file);
    return target === undefined ? words : `[${words}](${target})`;
  });
  // Vue would interpret these characters as a template.
  return mapProse(linked, (prose) =>
    prose.replaceAll('{{', '&#123;&#123;').replace(/<(?=\w)/g, '&lt;'),
  );
}

/** Copies the pages. @returns their names without the suffix. */
export function copyPages() {
  for (const directory of ['kb', 'packages', 'internal']) {
    rmSync(join(docs, directory), { recursive: true, force: true });
  }
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  }).split('\n');
  return files.filter(isCopied).map((file) => {
    const page = pageOf(file);
    const to = join(docs, `${page}.md`);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, rewrite(readFileSync(join(root, file), 'utf8'), file));
    return page;
  });
}
