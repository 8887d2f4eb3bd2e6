import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Services that Wine starts with the first program, and that Windows Node has no use for: a second
 * of CPU time at each start of a wineserver. What stays is nsiproxy, which `os.networkInterfaces`
 * asks, and MountMgr, although it takes two thirds of each `stat`: without it `dev` is 0, and
 * `fs.promises.cp` of a file onto itself removes it, for Node compares two files by `dev` first.
 */
const unused = ['PlugPlay', 'Eventlog', 'NDIS'];
const services = 'HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services';
const atStart = 'HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\RunServices';

/** Arguments for Wine that take what is not needed out of a new prefix. */
export function quietPrefix(prefix: string): string[] {
  const file = join(prefix, '.winnode', 'quiet.reg');
  // 4 is SERVICE_DISABLED, as CreateService has it.
  const disabled = unused.map((name) => `[${services}\\${name}]\n"Start"=dword:00000004\n`);
  const noMenus = `[${atStart}]\n"winemenubuilder"=-\n`;
  writeFileSync(file, ['REGEDIT4\n', ...disabled, noMenus].join('\n'));
  return ['regedit.exe', '/S', file];
}
