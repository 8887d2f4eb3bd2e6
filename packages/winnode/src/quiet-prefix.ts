import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Services that Wine starts with the first program, and that Windows Node has no use for.
 *
 * MountMgr is asked for the number of the volume at each `stat`, which takes two thirds of its time;
 * without it Wine says that it does not know, and libuv then says `dev: 0`. The others are a second
 * of CPU time at each start of a wineserver. What stays is nsiproxy: `os.networkInterfaces` asks it.
 */
const unused = ['MountMgr', 'PlugPlay', 'Eventlog', 'NDIS'];
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
