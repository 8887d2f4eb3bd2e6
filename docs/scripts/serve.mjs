// Shows the built site on this machine.
import { join } from 'node:path';
import { serve } from 'vitepress';
import { root } from './packages.mjs';

await serve({ root: join(root, 'docs'), port: 4173 });
