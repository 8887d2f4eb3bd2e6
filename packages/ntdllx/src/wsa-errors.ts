import * as values from './wsa-error-values.js';

const names = new Map<number, string>(Object.entries(values).map(([name, value]) => [value, name]));

/**
 * Winsock's name for an error code; `WSA error` and the number if this package has no name for it.
 */
export function wsaErrorName(wsaCode: number): string {
  return names.get(wsaCode) ?? `WSA error ${wsaCode}`;
}
