import { build, Deadline, hex, Proof, parseAcceptOptions, parsePort, UsageError } from 'poc-kit';
import { describe, expect, test } from 'vitest';

function proof() {
  const lines: string[] = [];
  return { lines, proof: new Proof('stage x', 'a claim', (line) => lines.push(line)) };
}

describe('a verdict', () => {
  test('is proven only if something was checked and all of it held', () => {
    const { proof: p, lines } = proof();
    const verdict = p.conclude(() => {
      p.expect('one', hex(128), '0x80', 'a bit');
      p.expect('two', 32n, 32);
    });
    expect(verdict).toMatchObject({ verdict: 'proven', reason: '', stage: 'stage x', build });
    expect(lines).toEqual([
      `stage x (${build} build): a claim`,
      '   ok   one: 0x80, a bit',
      '   ok   two: 32',
    ]);
  });

  test('is not proven by nothing', () => {
    const { proof: p } = proof();
    expect(p.conclude(() => {})).toMatchObject({
      verdict: 'failed',
      reason: 'nothing was checked',
    });
  });

  test('names the first check that did not hold; later ones still run', () => {
    const { proof: p, lines } = proof();
    const verdict = p.conclude(() => {
      p.expect('one', 1, 2, 'so many');
      p.expect('two', 3, 4);
    });
    expect(verdict).toMatchObject({ verdict: 'failed', reason: 'one: expected 2, saw 1' });
    expect(verdict.checks).toHaveLength(2);
    expect(lines[1]).toBe('  FAIL  one: 1, but expected 2, so many');
  });

  test('ends at a check that is required', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.require('one', 'STATUS_TIMEOUT', 'STATUS_SUCCESS');
      p.expect('never', 1, 1);
    });
    expect(verdict.checks.map(({ name }) => name)).toEqual(['one']);
    expect(verdict.verdict).toBe('failed');
  });

  test('fails on an error, with its message', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.expect('one', 1, 1);
      throw new Error('bind failed');
    });
    expect(verdict).toMatchObject({
      verdict: 'failed',
      reason: 'error: expected none, saw bind failed',
    });
  });

  test('fails on an error that says what is expected, and on one that is no Error', () => {
    for (const thrown of [new Error('none'), 'none']) {
      const { proof: p } = proof();
      const verdict = p.conclude(() => {
        p.expect('one', 1, 1);
        throw thrown;
      });
      expect(verdict).toMatchObject({
        verdict: 'failed',
        reason: 'error: expected none, saw none',
      });
    }
  });

  test('is unsupported, with the reason, when the host lacks what it is about', () => {
    const { proof: p } = proof();
    const lacking = p.conclude(() => p.unsupported('no such sockets'));
    expect(lacking).toMatchObject({ verdict: 'unsupported', reason: 'no such sockets' });
  });

  test('is failed when something did not hold before the lack was seen', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.expect('x', 1, 2);
      p.unsupported('no such sockets');
    });
    expect(verdict).toMatchObject({ verdict: 'failed', reason: 'x: expected 2, saw 1' });
  });

  test('is given once', () => {
    const { proof: p } = proof();
    p.conclude(() => {});
    expect(() => p.conclude(() => {})).toThrowError('This stage ran already');
  });
});

test('a deadline counts down to zero and stays there', () => {
  const later = new Deadline(600_000);
  expect(later.isOver).toBe(false);
  expect(later.remainingMs).toBeLessThanOrEqual(600_000);
  const soon = new Deadline(20);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  expect(soon.isOver).toBe(true);
  expect(soon.remainingMs).toBe(0);
});

describe('arguments of a stage', () => {
  test('are read', () => {
    expect(parseAcceptOptions([])).toEqual({});
    expect(parseAcceptOptions(['--external', '--port', '7099'])).toEqual({
      external: true,
      port: 7099,
    });
    expect(parsePort('0')).toBe(0);
  });

  test.each(['65536', '-1', '80a', '', '1e3', ' 80', '999999999999'])(
    'port %j is refused',
    (text) => {
      expect(() => parsePort(text)).toThrowError(UsageError);
      expect(() => parsePort(text)).toThrowError(/from 0 to 65535/);
    },
  );

  test.each([[['--prot', '80']], [['--port']], [['x']], [['--external=yes']]])('%j', (args) => {
    expect(() => parseAcceptOptions(args)).toThrowError(UsageError);
    expect(() => parseAcceptOptions(args)).toThrowError(
      /Known: --external, --port NUMBER, --trace, --trace-file FILE\.$/,
    );
  });
});
