import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

export interface Misuse {
  readonly name: string;
  readonly code: string;
  readonly isNative: boolean;
}

const script = join(import.meta.dirname, 'misuse.mjs');

/** Every misuse that there is. */
export const { names: misuses } = (await import(pathToFileURL(script).href)) as {
  names: readonly Misuse[];
};

interface Ended {
  readonly exitCode: number | null;
  readonly said: string;
}

/**
 * Wine 8 now and then starts no process at all, with an error that Node has no name for; or one that
 * dies while it is loaded, with STATUS_DLL_INIT_FAILED or the like.
 */
const startAttempts = 3;
const loaderFailures = [0xc000_007b, 0xc000_012f, 0xc000_0135, 0xc000_0139, 0xc000_0142];

async function run(name: string, attempt = 1): Promise<Ended> {
  const isLast = attempt === startAttempts;
  try {
    const ended = await start(name);
    const isUnstarted = ended.said === '' && loaderFailures.includes(ended.exitCode ?? 0);
    return isUnstarted && !isLast ? run(name, attempt + 1) : ended;
  } catch (error) {
    // Only a process that never was is tried again: whatever one did stands.
    const isSpawn = (error as NodeJS.ErrnoException).syscall === 'spawn';
    if (!isSpawn || isLast) throw error;
    return run(name, attempt + 1);
  }
}

function start(name: string): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [script, name], { timeout: 20_000 });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
    }
    child.on('error', failed).on('close', (exitCode) => done({ exitCode, said }));
  });
}

/** Makes a test of each; a few run at a time. */
export function testMisuses(list: readonly Misuse[]): void {
  describe.concurrent('misuse, each in a process of its own, is one clear error', () => {
    test.each(list)('$name: $code', { timeout: 60_000 }, async ({ name, code }) => {
      const { exitCode, said } = await run(name);
      const kind = code === 'ERR_WSA' ? 'WsaError' : 'SktError';
      expect(said).toMatch(new RegExp(`^${kind} ${code}: .{10,500}\\r?\\n$`));
      if (code === 'ERR_WSA') expect(said).toMatch(/ failed with WSA[A-Z]+ \(\d{5}\)\. /);
      // 1 is our own check's: a crash, a hang, a wrong error and no error have other codes.
      expect(exitCode).toBe(1);
    });
  });
}
