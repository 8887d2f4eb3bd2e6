import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Session } from 'winnode';

const programs = resolve(import.meta.dirname, '../programs');

/** A running program, and what it has printed. */
export interface Running {
  readonly output: string;
  /** Waits until the output contains a text. Throws if the program ends before. */
  prints(text: string): Promise<void>;
  /** Waits for so many lines of output, or for the end of the program. */
  lines(count: number): Promise<string>;
  end(): Promise<void>;
}

/** Starts a program of `programs`, or another file. The first argument replaces its port. */
export type Start = (file: string, ...args: string[]) => Running;

/** @returns a function that starts programs in Windows Node, in a directory. */
export const starter =
  (session: Session, work: string): Start =>
  (file, ...args) => {
    const place = file.includes('/') ? file : join(work, file);
    if (place !== file) {
      const code = readFileSync(join(programs, file), 'utf8');
      writeFileSync(place, code.replace('7099', args[0] ?? '7099'));
    }
    let child: ChildProcess | undefined;
    let output = '';
    let isRunning = true;
    const waiting: (() => void)[] = [];
    const wakeAll = () => {
      for (const wake of waiting.splice(0)) wake();
    };
    const change = () => new Promise<void>((done) => waiting.push(done));
    const ended = session
      .run([place, ...args], {
        cwd: work,
        stdio: ['ignore', 'pipe', 'inherit'],
        onSpawn: (started) => {
          child = started;
          started.stdout?.on('data', (data) => {
            output += String(data).replaceAll('\r', '');
            wakeAll();
          });
        },
      })
      .finally(() => {
        isRunning = false;
        wakeAll();
      });
    return {
      get output() {
        return output;
      },
      async prints(text) {
        while (isRunning && !output.includes(text)) await change();
        if (!output.includes(text)) throw new Error(`${file} ended after it printed: ${output}`);
      },
      async lines(count) {
        while (isRunning && output.split('\n').length <= count) await change();
        return output;
      },
      async end() {
        child?.kill('SIGKILL');
        await ended;
      },
    };
  };
