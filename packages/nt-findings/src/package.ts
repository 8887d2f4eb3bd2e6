import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

// Resolved only on a call, because a bundle of this package does not contain the file.
const manifestPath = () => createRequire(import.meta.url).resolve('nt-findings/package.json');

/** The directory of this package. */
export const packageDirectory = () => dirname(manifestPath());

/** This package's own version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(manifestPath(), 'utf8')) as { version: string }).version;
}
