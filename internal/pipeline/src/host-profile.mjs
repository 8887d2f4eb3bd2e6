// The features of the host are determined by trying them, once per run, before the tests start.
// The tests read the result from a file. turbo hashes that file: if the host's features change,
// the tests run again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSession, toWindowsPath } from './winnode.mjs';

/** The path of the profile, for `TEST_HOST_PROFILE`. */
export const profileFile = fileURLToPath(new URL('../../../.host-profile.json', import.meta.url));

const program = fileURLToPath(new URL('./ask-kernel.mjs', import.meta.url));
const present = { isPresent: true, reason: '' };
const absent = (reason) => ({ isPresent: false, reason });

/** Checks whether the host has pseudo-terminals by opening one, as the tests of the prompt do. */
function askForPseudoTerminals() {
  if (process.platform === 'win32')
    return absent('Windows has no script(1), which opens a pseudo-terminal');
  const command = ['-qec', 'test -t 0 && echo a terminal', '/dev/null'];
  const stdio = ['ignore', 'pipe', 'pipe'];
  const { stdout, stderr, error } = spawnSync('script', command, { encoding: 'utf8', stdio });
  if (error !== undefined)
    return absent(`script(1) of util-linux could not be started: ${error.code}`);
  if (stdout.includes('a terminal')) return present;
  return absent(`script(1) opened no terminal: ${(stderr || stdout).trim() || 'no message'}`);
}

/** Runs ask-kernel in Windows Node with the given build. */
async function askKernel(build) {
  const directory = mkdtempSync(join(tmpdir(), 'host-profile-'));
  const file = join(directory, 'answer.json');
  const session = await openSession({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  try {
    const conditions = build === 'debug' ? ['--conditions=debug'] : [];
    const args = [...conditions, program, toWindowsPath(file)];
    const { exitCode } = await session.run(args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (exitCode !== 0 || !existsSync(file)) {
      throw new Error(
        `Windows Node could not determine the kernel (exit code ${exitCode}).\n` +
          'The likely cause is that a package is not built. Run: npm run setup',
      );
    }
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    await session.close();
    rmSync(directory, { recursive: true });
  }
}

function written() {
  try {
    return JSON.parse(readFileSync(profileFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Determines the features of the host and writes the profile if it has changed.
 *
 * @param facts the host facts that setup determined.
 * @param build the build of the packages, debug or release, with which Windows Node queries the
 *   kernel.
 */
export async function writeHostProfile(facts, build) {
  // Without Windows Node every test that reads the kernel's part is skipped.
  const kernel =
    facts.kind === 'none'
      ? { kernel: 'windows', kernelVersion: '', note: facts.reason, afUnix: absent(facts.reason) }
      : await askKernel(build);
  const profile = { ...kernel, pseudoTerminals: askForPseudoTerminals(), host: facts };
  if (JSON.stringify(written()) !== JSON.stringify(profile)) {
    writeFileSync(profileFile, `${JSON.stringify(profile, null, 2)}\n`);
  }
  return profile;
}

/** Reads the profile. Determines it first if there is none, or if it is of another host. */
export async function hostProfile(facts, build) {
  const profile = written();
  if (JSON.stringify(profile?.host) === JSON.stringify(facts)) return profile;
  return await writeHostProfile(facts, build);
}
