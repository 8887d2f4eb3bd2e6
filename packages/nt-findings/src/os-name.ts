import { readFileSync } from 'node:fs';

/** The name of this operating system, as its makers have it: `Debian GNU/Linux 12`. Not on Windows. */
export function osName(): string {
  let text: string;
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    return process.platform;
  }
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return `${field('NAME')} ${field('VERSION_ID')}`.trim() || process.platform;
}
