import { defineConfig } from 'vitepress';
import { home, slugOf } from '../scripts/links.mjs';
import { extendMarkdown } from './markdown.mjs';
import { sidebar } from './sidebar.mjs';

// Links, also those of copied pages, must lead somewhere: VitePress refuses a page that does not
// exist, and scripts/check-links.mjs an anchor that does not.
export default defineConfig({
  title: 'tofu-nt',
  description: 'Socket readiness on Windows NT, from TypeScript: AFD_POLL and one completion port',
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  cleanUrls: true,
  lastUpdated: false,
  srcExclude: ['node_modules/**', '.generated/**', 'README.md'],
  outDir: './.vitepress/dist',
  markdown: {
    config: extendMarkdown,
    anchor: { slugify: slugOf },
    theme: { light: 'github-light', dark: 'github-dark' },
  },
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'How it works', link: '/how/afd-poll' },
      { text: 'Findings', link: '/kb/FINDINGS' },
      { text: 'Speed', link: '/speed' },
      { text: 'Reference', link: '/api/' },
      { text: 'Support', link: '/support' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        // Guides come first, and the reference's many short sections last.
        miniSearch: {
          searchOptions: {
            boostDocument: (id: string) =>
              id.startsWith('/api/') ? 0.3 : id.startsWith('/guides/') ? 2 : 1,
          },
        },
      },
    },
    ...(home === '' ? {} : { socialLinks: [{ icon: 'github', link: home }] }),
    footer: {
      message: 'MIT. Nothing has run on Windows yet: statements about Windows are unverified.',
    },
  },
});
