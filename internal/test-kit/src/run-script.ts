import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';

/** What a script said, and the exit code that it set. */
export interface ScriptEnd {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: typeof process.exitCode;
}

let loads = 0;

/**
 * Runs a script in this process, as far as it gets when it is loaded: for what it refuses, at a
 * hundredth of the cost of a process. `argv`, the exit code and the streams are as before afterwards.
 *
 * @param path of a module that reads `process.argv` when it is loaded, each time anew.
 */
export async function runScript(path: string, args: readonly string[]): Promise<ScriptEnd> {
  const { argv, exitCode } = process;
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  // A script may listen for a reader that is gone; this process is not its own.
  const listening = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'on').mockReturnThis(),
  );
  process.argv = [process.execPath, path, ...args];
  process.exitCode = undefined;
  try {
    loads += 1;
    await import(`${pathToFileURL(path).href}?${loads}`);
    return { ...said, status: process.exitCode };
  } finally {
    Object.assign(process, { argv, exitCode });
    for (const spy of [...spies, ...listening]) spy.mockRestore();
  }
}
