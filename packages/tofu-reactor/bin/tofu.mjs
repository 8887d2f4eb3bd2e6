#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = import.meta.resolve('tofu-reactor/cli');
if (existsSync(fileURLToPath(cli))) {
  process.exitCode = await (await import(cli)).main(process.argv.slice(2));
} else {
  process.stderr.write(
    'tofu: The command is not built yet. In a clone of tofu-nt, build it by: npm run setup\n',
  );
  process.exitCode = 1;
}
