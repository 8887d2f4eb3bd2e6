import { parseArgs } from 'node:util';
import type { TerminalSize } from './resize.js';

/** The settings that the program with the terminal passes to the evaluating program. */
export interface Settings {
  /** Undefined without a terminal. */
  readonly terminal: (TerminalSize & { readonly colorDepth: number }) | undefined;
  /** A Windows path; undefined: no history. */
  readonly history: string | undefined;
  readonly build: string;
}

/** Converts settings to arguments. */
export function writeSettings({ terminal, history, build }: Settings): string[] {
  const { columns, rows, colorDepth } = terminal ?? {};
  return Object.entries({ build, history, columns, rows, 'color-depth': colorDepth })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${value}`);
}

/** Parses the arguments of {@link writeSettings}. */
export function readSettings(args: readonly string[]): Settings {
  const text = { type: 'string' } as const;
  const options = { build: text, history: text, columns: text, rows: text, 'color-depth': text };
  const { values } = parseArgs({ args: [...args], options });
  const { build = 'debug', history, columns, rows } = values;
  const colorDepth = Number(values['color-depth'] ?? 1);
  const terminal =
    columns === undefined
      ? undefined
      : { columns: Number(columns), rows: Number(rows), colorDepth };
  return { terminal, history, build };
}
