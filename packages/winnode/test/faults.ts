import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Choices } from 'test-kit';
import { noMounts } from './sabotage.js';

// Faults around one start of winnode. A fault is chosen at random and applied with means of the
// host: signals, ulimit, a small file system, file modes, variables.

/** The place of a start: a home directory with a cache and a prefix in it. */
export interface Place {
  readonly home: string;
  readonly cache: string;
  readonly prefix: string;
  /** The directory in which the program records that it ran. */
  readonly runs: string;
}

/** The process that gets a signal, and how to find it. */
export interface Strike {
  readonly target: 'winnode' | 'program' | 'wineserver';
  readonly signal: NodeJS.Signals;
  /** Delay after the target process exists. */
  readonly afterMs: number;
  /** Delay until SIGCONT follows SIGSTOP, or until a second signal follows the first. */
  readonly then?: { readonly signal: NodeJS.Signals; readonly afterMs: number };
}

/** One fault, ready to be applied. */
export interface Fault {
  readonly name: string;
  /** A prefix of the command line. */
  readonly wrapper?: readonly string[];
  /** Options of winnode's own. */
  readonly options?: readonly string[];
  /** Changes of the environment; undefined: the variable is removed. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly strike?: Strike;
  /** Called before the start. It returns a function that undoes the fault. */
  readonly before?: (place: Place) => () => void;
  /** No other process may use the prefix meanwhile. */
  readonly isAlone?: boolean;
  /** The prefix is a copy that only the wrapper's processes see; {@link diskFull} checks it. */
  readonly isOnItsOwnDisk?: boolean;
}

const isRoot = process.getuid?.() === 0;

/** Drops the capabilities with which root may open any file. */
const asAnybody = isRoot
  ? ['setpriv', '--inh-caps=-all', '--bounding-set=-dac_override,-dac_read_search']
  : [];

const shell = (script: string): string[] => ['bash', '-c', `${script}; exec "$@"`, 'fault'];

function signalFault(choices: Choices): Fault {
  const target = choices.pick(['winnode', 'winnode', 'winnode', 'program', 'wineserver'] as const);
  const own = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGSTOP'] as const;
  const signal = choices.pick(target === 'winnode' ? own : (['SIGKILL', 'SIGSTOP'] as const));
  const afterMs = choices.below(target === 'winnode' ? 1_500 : 400);
  const next = {
    signal: choices.pick(['SIGINT', 'SIGTERM'] as const),
    afterMs: choices.below(300),
  };
  const isTwice = signal !== 'SIGKILL' && choices.chance(0.3);
  const goesOn = { signal: 'SIGCONT', afterMs: 100 + choices.below(600) } as const;
  const then = signal === 'SIGSTOP' ? goesOn : isTwice ? next : undefined;
  const strike: Strike = { target, signal, afterMs, ...(then && { then }) };
  const more = then === undefined ? '' : `, then ${then.signal} after ${then.afterMs} ms`;
  const name = `${signal} to ${target} after ${afterMs} ms${more}`;
  return { name, strike, isAlone: target === 'wineserver' };
}

/** Values for `ulimit` in its own units: with the first almost no program runs, with the last all do. */
const limits = [
  ['-n', [8, 16, 24, 32, 48, 64, 96, 128, 200]],
  ['-f', [0, 1, 8, 64, 1_024]],
  ['-s', [128, 256, 1_024]],
  ['-v', [500_000, 2_000_000, 8_000_000, 70_000_000]],
  ['-t', [1, 2]],
  ['-l', [0]],
  ['-u', isRoot ? [] : [1, 20, 200]],
] as const;

function limitFault(choices: Choices): Fault {
  if (choices.chance(0.3)) {
    const seconds = (50 + choices.below(1_500)) / 1_000;
    return choices.chance(0.5)
      ? { name: `--time-limit ${seconds}`, options: ['--time-limit', `${seconds}`] }
      : { name: `WINNODE_START_LIMIT=${seconds}`, env: { WINNODE_START_LIMIT: `${seconds}` } };
  }
  const [option, values] = choices.pick(limits.filter(([, { length }]) => length > 0));
  const value = choices.pick<number>(values);
  return { name: `ulimit ${option} ${value}`, wrapper: shell(`ulimit ${option} ${value}`) };
}

/** Files and directories of a prefix, and modes that remove a permission. */
const protectedPaths = [
  ['', [0, 0o444, 0o555]],
  ['.winnode', [0, 0o444, 0o555]],
  ['.winnode/users', [0, 0o444, 0o555]],
  ['.winnode/ready.json', [0]],
  ['dosdevices', [0, 0o555]],
  ['drive_c', [0, 0o555]],
  ['drive_c/windows/system32', [0, 0o555]],
  ['system.reg', [0, 0o444]],
  ['user.reg', [0, 0o444]],
] as const;

function permissionFault(choices: Choices): Fault {
  if (choices.chance(0.15)) {
    const umask = choices.pick(['777', '077', '277', '000']);
    return { name: `umask ${umask}`, wrapper: [...asAnybody, ...shell(`umask ${umask}`)] };
  }
  const isCache = choices.chance(0.15);
  const [part, modes] = isCache ? (['', [0, 0o555]] as const) : choices.pick(protectedPaths);
  const mode = choices.pick<number>(modes);
  const name = `mode ${mode.toString(8)} of ${isCache ? 'the cache' : `the prefix/${part}`}`;
  const before = ({ cache, prefix }: Place) => {
    const path = isCache ? cache : join(prefix, part);
    const { mode: old } = statSync(path);
    chmodSync(path, mode);
    return () => chmodSync(path, old);
  };
  return { name, wrapper: asAnybody, before };
}

/** Values that a shell, a container or a batch job may have left in each variable. */
const variables: readonly (readonly [name: string, values: readonly (string | undefined)[]])[] = [
  ['LANG', ['xx_YY.UTF-8', 'C', '', 'de_DE', '/etc/passwd']],
  ['LC_ALL', ['xx_YY.UTF-8', 'POSIX', 'C.UTF-8']],
  ['TMPDIR', ['/no/such/place', 'relative', '/etc/passwd', '', '~/tmp']],
  ['HOME', ['', 'relative', undefined]],
  ['XDG_CACHE_HOME', ['.cache', '~/.cache', '']],
  ['WINNODE_CACHE', ['~/c', '/dev/null/c', '/proc/c', '/etc/passwd']],
  ['WINNODE_PREFIX', ['~/p', '/etc', '/etc/passwd', '/dev/null/p']],
  ['WINNODE_WINE', ['/no/such/wine', '/etc/passwd', '/bin/true', '/bin/false', '~/wine']],
  ['WINNODE_NODE', ['7', '/no/such/node.exe', '/etc/passwd', '~/node.exe']],
  ['WINNODE_START_LIMIT', ['0', '-1', 'soon', '1e9']],
  ['WINNODE_PACKAGES', ['/no/such/place', 'none', '~/p']],
  ['WINESERVER', ['/no/such/server', '/bin/true', '/bin/false']],
  ['WINEPREFIX', ['/no/such/prefix', '/etc', '']],
  ['WINEARCH', ['win32', 'none']],
  ['WINELOADER', ['/no/such/loader', '/bin/false']],
  ['WINEDEBUG', ['+nothing', '-all,', 'garbage']],
  ['WINEDLLPATH', ['/no/such/place']],
  ['WINEDLLOVERRIDES', ['ntdll=', 'kernel32=d', '*=d', 'garbage', 'ws2_32=']],
  ['DISPLAY', [':99', 'garbage']],
  ['PATH', ['', '/no/such/place', undefined]],
  ['LD_PRELOAD', ['/no/such/library.so']],
  ['LD_LIBRARY_PATH', ['/no/such/place']],
  ['NODE_OPTIONS', ['--no-such-option', '--require /no/such.cjs', '--conditions=x', '"']],
  ['NODE_PATH', ['/no/such/place']],
  ['NODE_EXTRA_CA_CERTS', ['/no/such/file']],
  ['NODE_ENV', ['production']],
  ['UV_THREADPOOL_SIZE', ['0', '1', '-5']],
  ['WINNODE_RUN', ['', 'x']],
  ['WINNODE_LINKS', ['x', 'Z:\\no\\such']],
  ['WINNODE_DIRECTORY', ['Z:\\no\\such']],
  ['WINNODE_PROGRESS_FILE', ['Z:\\no\\such']],
  ['CI', ['1']],
  ['FORCE_COLOR', ['3']],
];

function variableFault(choices: Choices): Fault {
  const [name, values] = choices.pick(variables);
  const value = choices.pick(values);
  return {
    name: value === undefined ? `no ${name}` : `${name}="${value}"`,
    env: { [name]: value },
  };
}

/**
 * The script runs "$@" on a separate disk with a copy of the cache and $ROOM KiB of free space.
 * Then it frees space, runs winnode once more, and writes the content of the cache to $FACTS.
 */
const diskFull = `
  used=$(du -sk "$CACHE" | cut -f1)
  mkdir -p "$FACTS/disk"; mount -t tmpfs -o size=$((used + used / 8 + 4096))k none "$FACTS/disk"
  cp -a "$CACHE" "$FACTS/disk/winnode"
  export XDG_CACHE_HOME="$FACTS/disk"
  facts() { cat "$FACTS"/disk/winnode/wine-*/.winnode/ready.json | md5sum
            ls -A "$FACTS/disk/winnode" "$FACTS"/disk/winnode/wine-*/.winnode | sed "s,$FACTS,,"; }
  facts > "$FACTS/before"
  free=$(df -k --output=avail "$FACTS/disk" | tail -1)
  head -c $(( (free > ROOM ? free - ROOM : 0) * 1024 )) /dev/zero > "$FACTS/disk/fill" || true
  code=0; "$@" || code=$?
  rm "$FACTS/disk/fill"
  "$NODE" "$WINNODE" -p "'good'" > "$FACTS/good" 2>&1 || echo "code $?" >> "$FACTS/good"
  facts > "$FACTS/after"
  exit $code`;

function diskFault(choices: Choices): Fault {
  const room = choices.pick([0, 4, 8, 16, 32, 64, 256, 1_024]);
  const inside = ['unshare', '--map-root-user', '--mount', 'sh', '-euc', diskFull, 'fault'];
  const name = `a disk with ${room} KiB left`;
  return { name, wrapper: inside, env: { ROOM: `${room}` }, isAlone: true, isOnItsOwnDisk: true };
}

/** Chooses a random fault. */
export function chooseFault(choices: Choices): Fault {
  const disk = noMounts === '' ? [diskFault] : [];
  const all = [signalFault, signalFault, limitFault, permissionFault, variableFault, ...disk];
  return choices.pick(all)(choices);
}

/** Replaces whatever is at the path with an empty directory. */
export function emptyDirectory(path: string): void {
  if (existsSync(path)) rmSync(path, { recursive: true });
  mkdirSync(path, { recursive: true });
}
