import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Progress } from './crash.js';
import { toWindowsPath } from './windows-path.js';

/**
 * Two empty files, of which the preload removes one as the program starts and the other as it ends
 * of its own will. Removing works on a full disk, too.
 */
export class ProgressFiles {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    for (const path of this.paths) {
      writeFileSync(path, '');
      // Whatever the umask: Wine removes no file that its owner may not write.
      chmodSync(path, 0o600);
    }
  }

  /** Both of them. */
  get paths(): [starting: string, running: string] {
    return [`${this.#file}.starting`, `${this.#file}.running`];
  }

  /** Their places, for the preload. */
  get environment(): NodeJS.ProcessEnv {
    return { WINNODE_PROGRESS_FILE: toWindowsPath(this.#file) };
  }

  /** True where the program was not in the directory that it was to run in, and was not run. */
  get isElsewhere(): boolean {
    return existsSync(`${this.#file}.elsewhere`);
  }

  /** How far the program got until now. */
  get progress(): Progress {
    const [starting, running] = this.paths;
    return { isStarted: !existsSync(starting), isEnded: !existsSync(running) };
  }

  /** Removes what is left of them. */
  remove(): void {
    for (const path of [...this.paths, `${this.#file}.elsewhere`]) rmSync(path, { force: true });
  }
}
