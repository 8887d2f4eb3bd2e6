import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { end, run, scratch, type Tarball } from './tools.js';

// Projects of a user, one for each package manager.

/** Further dependencies of a project, in the versions of this repository. */
export interface Wanted {
  readonly [name: string]: string;
}

export interface Manager {
  /** The commands that install packages as dependencies and as development dependencies. */
  readonly install: readonly string[];
  /** The command that installs the dependencies in the manifest. */
  readonly command: readonly string[];
  /** The command that runs a command of an installed package. */
  readonly exec: readonly string[];
  /** The part of the manifest that replaces the packages of the registry by the tarballs. */
  settings(files: Readonly<Record<string, string>>): object;
}

export const managers: Readonly<Record<'npm' | 'pnpm' | 'yarn', Manager>> = {
  npm: {
    install: ['npm install', 'npm install --save-dev'],
    command: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'],
    exec: ['npx'],
    settings: (overrides) => ({ overrides }),
  },
  pnpm: {
    install: ['pnpm add', 'pnpm add --save-dev'],
    command: ['pnpm', 'install', '--prefer-offline', '--no-frozen-lockfile'],
    exec: ['pnpm', 'exec'],
    settings: () => ({}),
  },
  yarn: {
    install: ['yarn add', 'yarn add --dev'],
    command: ['yarn', 'install', '--prefer-offline', '--no-progress'],
    exec: ['yarn', '--silent'],
    settings: (resolutions) => ({ resolutions }),
  },
};

/** A project with installed packages. */
export class Project {
  readonly name: keyof typeof managers;
  readonly directory: string;
  readonly #manager: Manager;
  /** The typed commands and their output. */
  readonly #transcript: string[] = [];

  /** Makes the project and installs all packages from their tarballs. */
  constructor(name: keyof typeof managers, tarballs: readonly Tarball[], wanted: Wanted) {
    this.name = name;
    this.#manager = managers[name];
    this.directory = join(scratch, name);
    const files = Object.fromEntries(tarballs.map((each) => [each.name, `file:${each.file}`]));
    const { winnode = '', ...dependencies } = files;
    const manifest = {
      name: 'a-users-project',
      private: true,
      type: 'module',
      dependencies,
      devDependencies: { winnode, ...wanted },
      ...this.#manager.settings(files),
    };
    this.write('package.json', JSON.stringify(manifest));
    if (name === 'pnpm') {
      const overrides = Object.entries(files).map(([each, file]) => `  ${each}: '${file}'`);
      const lines = [
        'overrides:',
        ...overrides,
        'allowBuilds:',
        '  esbuild: false',
        '  koffi: false',
      ];
      this.write('pnpm-workspace.yaml', `${lines.join('\n')}\n`);
    }
    this.run(...this.#manager.command);
  }

  write(path: string, text: string): string {
    const file = join(this.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  run(command = '', ...args: readonly string[]): string {
    return run(this.directory, command, ...args);
  }

  /** Runs a command of an installed package, such as `winnode`. */
  exec(...args: readonly string[]): string {
    return this.run(...this.#manager.exec, ...args);
  }

  /** Records the commands that install these packages as a user types them. */
  noteInstall(...packages: readonly string[]): void {
    const [add, addDev] = this.#manager.install;
    this.#transcript.push(`$ ${add} ${packages.join(' ')}`, `$ ${addDev} winnode`);
  }

  /** Runs a script in this Node, and records what it prints. */
  noteHost(script: string): string {
    const { stdout, stderr } = end(this.directory, 'node', script);
    this.#transcript.push(`$ node ${script}`, `${stdout}${stderr}`.trim());
    return stdout;
  }

  /** Runs a script in Windows Node, and records what it prints. */
  noteWindows(script: string): string {
    const stdout = this.exec('winnode', script);
    this.#transcript.push(`$ ${this.#manager.exec.join(' ')} winnode ${script}`, stdout.trim());
    return stdout;
  }

  get transcript(): string {
    return `${this.#transcript.join('\n')}\n`;
  }
}
