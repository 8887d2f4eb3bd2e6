import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { longestPathBytes, temporaryUDSPath, UDSServerAddress, udsPathState } from 'tofu-sockets';
import { ownFile, removeOwnFile, removeStaleFile, requireFreePath } from 'tofu-sockets/internal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// The rules about the files of Unix domain sockets, on this host's own file system. Where there are
// such sockets, real ones are used.

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tofu-uds-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const isFileError = expect.objectContaining({ name: 'SktError', code: 'ERR_UDS_FILE' });

/** The file that a server leaves behind which ends without removing it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const hidden = join(directory, 'hidden');
  const server = createServer();
  await new Promise<void>((done) => server.listen(hidden, done));
  // Node removes what it bound; under another name it stays.
  renameSync(hidden, path);
  await new Promise((done) => server.close(done));
}

describe('B08 a temporary path', () => {
  test('is a fit one: not empty, with room for the zero, and nothing is there', () => {
    const path = temporaryUDSPath();
    expect(new UDSServerAddress(path).path).toBe(path);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(longestPathBytes);
    expect(udsPathState(path)).toBe('free');
    expect(dirname(path)).toBe(tmpdir());
  });

  test('is another one each time', () => {
    const paths = Array.from({ length: 1_000 }, () => temporaryUDSPath());
    expect(new Set(paths).size).toBe(1_000);
  });

  /** Asks for a path while the directory for temporary files is another one. */
  function inDirectory(place: string): string {
    const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
    const before = process.env[variable];
    process.env[variable] = place;
    try {
      return temporaryUDSPath();
    } finally {
      if (before === undefined) delete process.env[variable];
      else process.env[variable] = before;
    }
  }

  test('in a directory whose name is too long is refused, not cut', () => {
    expect(() => inDirectory(join(directory, 'x'.repeat(100)))).toThrowError(/at most 107 bytes/);
  });

  test.skipIf(process.platform === 'win32')(
    'in a directory that cannot be looked into is refused, not searched for ever',
    () => {
      const loop = join(directory, 'loop');
      symlinkSync(loop, loop);
      expect(() => inDirectory(loop)).toThrowError(isFileError);
      expect(() => inDirectory(loop)).toThrowError(/loop', cannot be looked into: set TMPDIR/);
    },
  );
});

describe('a server\u2019s path', () => {
  test('is free, taken, or has no directory', () => {
    const path = join(directory, 's');
    expect(udsPathState(path)).toBe('free');
    expect(() => requireFreePath(path)).not.toThrowError();
    writeFileSync(path, '');
    expect(udsPathState(path)).toBe('taken');
    expect(() => requireFreePath(path)).toThrowError(isFileError);
    expect(() => requireFreePath(path)).toThrowError(/there is a file: .* removeStale removes\.$/);
    expect(udsPathState(directory)).toBe('taken');
    const nowhere = join(directory, 'none', 's');
    expect(udsPathState(nowhere)).toBe('no-directory');
    expect(() => requireFreePath(nowhere)).toThrowError(/its directory does not exist/);
  });

  test('that is relative is looked for in the working directory', () => {
    expect(udsPathState('package.json')).toBe('taken');
    expect(udsPathState('no-such-socket')).toBe('free');
  });
});

describe('the owner removes its file', () => {
  test('once, and not what somebody else made there afterwards', () => {
    const path = join(directory, 's');
    const server = {};
    writeFileSync(path, '');
    ownFile(server, path);
    removeOwnFile(server);
    expect(udsPathState(path)).toBe('free');
    writeFileSync(path, '');
    removeOwnFile(server);
    expect(udsPathState(path)).toBe('taken');
  });

  test('and does not mind when it is gone already', () => {
    const server = {};
    ownFile(server, join(directory, 's'));
    expect(() => removeOwnFile(server)).not.toThrowError();
  });

  test('and says so when it cannot', () => {
    const path = join(directory, 's');
    mkdirSync(path);
    const server = {};
    ownFile(server, path);
    expect(() => removeOwnFile(server)).toThrowError(/closed, but its file stays/);
  });

  test('whoever owns none removes none', () => {
    expect(() => removeOwnFile({})).not.toThrowError();
  });
});

describe.skipIf(process.platform === 'win32')('a stale file, of a real socket of this host', () => {
  test('is removed', async () => {
    const path = join(directory, 'stale');
    await leaveStaleSocket(path);
    expect(udsPathState(path)).toBe('taken');
    removeStaleFile(path);
    expect(udsPathState(path)).toBe('free');
  });

  test('a file that is no socket is left alone', () => {
    const path = join(directory, 'letter');
    writeFileSync(path, 'Dear Sir');
    expect(() => removeStaleFile(path)).toThrowError(isFileError);
    expect(udsPathState(path)).toBe('taken');
    expect(() => removeStaleFile(directory)).toThrowError(isFileError);
  });
});
