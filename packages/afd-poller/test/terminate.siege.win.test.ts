import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// If koffi declares a function at the moment of the termination, the process ends with code 134.
test('workers terminated at 60 moments of their waits leave the process alone', () => {
  const script = fileURLToPath(new URL('./terminated-workers.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '60'], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'all are gone\n', stderr: '' });
});
