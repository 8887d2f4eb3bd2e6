import { readFileSync } from 'node:fs';

/** The official name of this operating system: `Debian GNU/Linux 12`. Not for Windows. */
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
