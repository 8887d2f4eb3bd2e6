import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';

/** The output of a script, and the exit code that it set. */
export interface ScriptEnd {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: typeof process.exitCode;
}

let loads = 0;

/**
 * Runs a script in this process as far as it runs while it is loaded. For tests of rejected
 * arguments, at a hundredth of the cost of a process. Afterwards `argv`, the exit code and the
 * streams are restored.
 *
 * @param path a module that reads `process.argv` when it is loaded; it is loaded anew each time.
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
  // A script may add listeners for a closed pipe to the streams, which belong to this process.
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
