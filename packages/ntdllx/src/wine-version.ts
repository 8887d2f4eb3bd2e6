import { hasExport, loadKoffi } from './loader.js';

/**
 * Wine's version, such as `8.0`, from `wine_get_version` of Wine's ntdll. Undefined on Windows,
 * whose ntdll does not export that function, and under a Wine that is built or configured to hide
 * it.
 *
 * @throws {HostError} if the host is not NT. @throws {KoffiError} if koffi is not installed.
 */
export function wineVersion(): string | undefined {
  const name = 'wine_get_version';
  if (!hasExport('ntdll.dll', name)) return undefined;
  // Returns a static string, which koffi copies. No Windows header declares the function, so it is
  // not in the prototype table.
  const call = loadKoffi(name).load('ntdll.dll').func(name, 'str', []) as unknown as () => string;
  return call();
}
