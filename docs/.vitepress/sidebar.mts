// The navigation. `api` is made by scripts/api.mjs.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

const docs = dirname(dirname(fileURLToPath(import.meta.url)));

const page = (text: string, link: string) => ({ text, link });

/** Guides in the order in which a reader needs them; those without a page are left out. */
const guides = [
  page('An echo server, in detail', '/guides/echo'),
  page('HTTP over an AF_UNIX file', '/guides/http-over-af-unix'),
  page('gRPC over an AF_UNIX file', '/guides/grpc-over-af-unix'),
  page('A proxy to a Go service', '/guides/proxy-to-go'),
  page('A chat with ws', '/guides/chat'),
  page('Many idle clients', '/guides/idle-clients'),
  page('UDP', '/guides/udp'),
  page('Workers and wakes', '/guides/workers'),
  page('The event loop', '/guides/event-loop'),
  page('Errors and what to do', '/guides/error-handling'),
  page('listen EACCES … .sock, connect ENOTSOCK', '/guides/errors'),
  page('Bundling', '/guides/bundling'),
  page('CommonJS', '/guides/commonjs'),
  page('Testing Windows code on Linux', '/guides/testing-on-linux'),
  page('Tracing with Perfetto', '/guides/tracing'),
].filter(({ link }) => existsSync(join(docs, `${link.slice(1)}.md`)));

const packages = [
  'tofu-reactor',
  'afd-poller',
  'tofu-sockets',
  'winnode',
  'nt-trace',
  'nt-findings',
  'nt-afd',
  'ntdllx',
];

/** The modules of the reference: a file each. */
function reference(): DefaultTheme.SidebarItem[] {
  const directory = join(docs, 'api');
  const files = existsSync(directory) ? readdirSync(directory, { recursive: true }) : [];
  const names = files.map(String).map((file) => file.replaceAll('\\', '/'));
  const modules = names.filter((file) => file.endsWith('.md') && file !== 'index.md');
  return modules.map((file) => page(file.slice(0, -3), `/api/${file.slice(0, -3)}`));
}

const start = {
  text: 'Start',
  items: [
    page('Is it for you?', '/about'),
    page('A server in five minutes', '/start'),
    page('Glossary', '/glossary'),
  ],
};

const understand = {
  text: 'Understand',
  items: [
    page('How AFD_POLL works', '/how/afd-poll'),
    page('The stages, as a walk', '/how/stages'),
    page('Running the stages', '/how/run-the-stages'),
    page('Findings', '/kb/FINDINGS'),
    page('Speed', '/speed'),
    page('Knowledge base', '/kb/'),
  ],
};

const project = {
  text: 'Project',
  items: [
    page('Support matrix', '/support'),
    page('Stability policy', '/stability'),
    page('Security policy', '/security'),
    page('Changelog', '/changelog'),
    page('Contributing', '/contributing'),
    page('Code of conduct', '/code-of-conduct'),
  ],
};

export const sidebar: DefaultTheme.SidebarItem[] = [
  start,
  { text: 'Guides', items: guides },
  understand,
  { text: 'Packages', items: packages.map((name) => page(name, `/packages/${name}`)) },
  { text: 'Reference', collapsed: true, items: [page('All modules', '/api/'), ...reference()] },
  project,
];
