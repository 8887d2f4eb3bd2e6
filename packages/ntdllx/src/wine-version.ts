import { hasExport, loadKoffi } from './loader.js';

/**
 * Wine's version, such as `8.0`, as its own ntdll reports it; undefined on Windows, whose ntdll has no
 * `wine_get_version`. A Wine that was built or set up to hide its exports is not seen.
 *
 * @throws {HostError} where there is no NT. @throws {KoffiError} where koffi is not installed.
 */
export function wineVersion(): string | undefined {
  const name = 'wine_get_version';
  if (!hasExport('ntdll.dll', name)) return undefined;
  // A static text of Wine's: koffi copies it. No header of Windows has it, so it is in no table.
  const call = loadKoffi(name).load('ntdll.dll').func(name, 'str', []) as unknown as () => string;
  return call();
}
