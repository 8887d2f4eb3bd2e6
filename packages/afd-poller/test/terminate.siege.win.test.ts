import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// If koffi declares a function at the moment of the termination, the process ends with code 134.
test('terminating workers at 60 moments of their waits does not harm the process', () => {
  const script = fileURLToPath(new URL('./terminated-workers.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '60'], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: 'all workers ended\n',
    stderr: '',
  });
});
