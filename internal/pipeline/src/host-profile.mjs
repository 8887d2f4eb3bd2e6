// What the host has is asked by doing it, once per run, before the tests start; they read the answer
// from a file. turbo hashes that file: a host that has something else tests again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSession, toWindowsPath } from './winnode.mjs';

/** Where the profile is, for `TEST_HOST_PROFILE`. */
export const profileFile = fileURLToPath(new URL('../../../.host-profile.json', import.meta.url));

const program = fileURLToPath(new URL('./ask-kernel.mjs', import.meta.url));
const present = { isPresent: true, reason: '' };
const absent = (reason) => ({ isPresent: false, reason });

/** Opens a pseudo-terminal of the host, as the tests of the prompt do. */
function askForPseudoTerminals() {
  if (process.platform === 'win32') return absent('Windows has no script(1), which opens one');
  const command = ['-qec', 'test -t 0 && echo a terminal', '/dev/null'];
  const stdio = ['ignore', 'pipe', 'pipe'];
  const { stdout, stderr, error } = spawnSync('script', command, { encoding: 'utf8', stdio });
  if (error !== undefined) return absent(`script(1) of util-linux does not start: ${error.code}`);
  if (stdout.includes('a terminal')) return present;
  return absent(`script(1) opened no terminal: ${(stderr || stdout).trim() || 'no message'}`);
}

/** What the kernel says, from a Windows Node that loads the build that is there. */
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
        `The kernel could not be asked what it is (exit code ${exitCode}).\n` +
          'Are all packages built? Run: npm run setup',
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
 * Asks the host and writes the profile, if it changed.
 *
 * @param facts what setup found out of the host. @param build the build that asks.
 */
export async function writeHostProfile(facts, build) {
  // Without Windows Node every test that looks at the kernel's part is skipped.
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

/** The profile as written; asks the host where there is none, or one of another host. */
export async function hostProfile(facts, build) {
  const profile = written();
  if (JSON.stringify(profile?.host) === JSON.stringify(facts)) return profile;
  return await writeHostProfile(facts, build);
}
