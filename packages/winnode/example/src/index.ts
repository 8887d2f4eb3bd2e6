import { homedir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

/** Where a program keeps its settings: a different place on each platform. */
export function configDirectory(name: string, env: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === 'win32') {
    return join(env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), name);
  }
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), name);
}

/**
 * The process id, from a system call through koffi, a native package with a build for each
 * platform.
 */
export function processId(): number {
  return process.platform === 'win32'
    ? koffi.load('kernel32.dll').func('uint32_t GetCurrentProcessId()')()
    : koffi.load(null).func('int getpid()')();
}
