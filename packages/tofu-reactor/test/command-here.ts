import { main } from 'tofu-reactor/cli';
import { vi } from 'vitest';

/** The output of a command that ended by itself. */
export interface CommandHere {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the command in this process, which takes a fraction of the time of a process. For commands
 * that end by themselves.
 */
export async function commandHere(args: readonly string[]): Promise<CommandHere> {
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += text;
      return true;
    }),
  );
  try {
    return { code: await main(args), ...output };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
