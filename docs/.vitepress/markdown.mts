// Extends VitePress's Markdown by links into the repository and by drawings that use the colours of
// the page.
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer } from 'vitepress';
import { siteLink } from '../scripts/links.mjs';

const docs = dirname(dirname(fileURLToPath(import.meta.url)));

type Token = ReturnType<MarkdownRenderer['parse']>[number];

/** Rewrites the links of one paragraph. A link without a target becomes its text. */
function rewriteLinks(tokens: readonly Token[], file: string): Token[] {
  let isDropped = false;
  return tokens.filter((token) => {
    if (token.type === 'link_open') {
      const link = siteLink(token.attrGet('href') ?? '', file);
      isDropped = link === undefined;
      if (link !== undefined) token.attrSet('href', link);
      return link !== undefined;
    }
    if (token.type !== 'link_close') return true;
    const wasDropped = isDropped;
    isDropped = false;
    return !wasDropped;
  });
}

/** An SVG file as part of the page, without its own colours. */
function drawing(file: string): string {
  const svg = readFileSync(file, 'utf8').replace(/<style>[\s\S]*?<\/style>\n?/, '');
  // A span, because the drawing is inside a paragraph.
  return `<span class="drawing" tabindex="0" role="region" aria-label="Drawing" v-pre>${svg}</span>`;
}

/** Adds the links and the drawings to VitePress's renderer. */
export function extendMarkdown(md: MarkdownRenderer): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const page: string = env.relativePath ?? '';
    // Links of generated pages are links of the site already.
    if (/^(api|kb|packages|internal)\//.test(page)) return;
    for (const token of tokens) {
      if (token.children !== null) token.children = rewriteLinks(token.children, `docs/${page}`);
    }
  });
  const image = md.renderer.rules.image;
  md.renderer.rules.image = (tokens, index, options, env, self) => {
    const source = tokens[index]?.attrGet('src') ?? '';
    if (!/^\.{1,2}\/.*\.svg$/.test(source)) {
      return image?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
    }
    return drawing(join(docs, posix.dirname(env.relativePath), source));
  };
}
