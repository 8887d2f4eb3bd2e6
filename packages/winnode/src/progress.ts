import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Progress } from './crash.js';
import { toWindowsPath } from './windows-path.js';

/**
 * Two empty files. The preload removes one when the program starts and the other when the program
 * exits by itself. Files can be removed on a full disk, too.
 */
export class ProgressFiles {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    for (const path of this.paths) {
      writeFileSync(path, '');
      // Set explicitly, because of the umask: Wine does not remove a file that its owner may not
      // write.
      chmodSync(path, 0o600);
    }
  }

  /** The paths of both files. */
  get paths(): [starting: string, running: string] {
    return [`${this.#file}.starting`, `${this.#file}.running`];
  }

  /** The variable that gives the paths to the preload. */
  get environment(): NodeJS.ProcessEnv {
    return { WINNODE_PROGRESS_FILE: toWindowsPath(this.#file) };
  }

  /** True if Wine started the program in another directory. Then the preload ended it at once. */
  get isElsewhere(): boolean {
    return existsSync(`${this.#file}.elsewhere`);
  }

  /** How far the program has got. */
  get progress(): Progress {
    const [starting, running] = this.paths;
    return { isStarted: !existsSync(starting), isEnded: !existsSync(running) };
  }

  /** Removes the remaining files. */
  remove(): void {
    for (const path of [...this.paths, `${this.#file}.elsewhere`]) rmSync(path, { force: true });
  }
}
