#!/usr/bin/env node
// The script `prepublishOnly` of each published package.
import { readFileSync } from 'node:fs';

const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
process.stderr.write(
  `${name} is published together with the other packages. Use: pnpm release (see RELEASING.md)\n`,
);
process.exitCode = 1;
