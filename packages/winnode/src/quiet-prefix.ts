import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Services that Wine starts with the first program and that Windows Node does not use. They take a
 * second of CPU time at each start of a wineserver. Two other services are needed. nsiproxy answers
 * `os.networkInterfaces`. MountMgr takes two thirds of the time of each `stat`, but without it
 * `dev` is 0. Node then does not recognize that two paths are the same file, and `fs.promises.cp` of
 * a file onto itself removes the file.
 */
const unused = ['PlugPlay', 'Eventlog', 'NDIS'];
const services = 'HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services';
const atStart = 'HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\RunServices';

/** Arguments for Wine that disable the unused parts of a new prefix. */
export function quietPrefix(prefix: string): string[] {
  const file = join(prefix, '.winnode', 'quiet.reg');
  // 4 is SERVICE_DISABLED of CreateService.
  const disabled = unused.map((name) => `[${services}\\${name}]\n"Start"=dword:00000004\n`);
  const noMenus = `[${atStart}]\n"winemenubuilder"=-\n`;
  writeFileSync(file, ['REGEDIT4\n', ...disabled, noMenus].join('\n'));
  return ['regedit.exe', '/S', file];
}
