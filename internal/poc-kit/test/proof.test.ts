import { build, Deadline, hex, Proof, parseAcceptOptions, parsePort, UsageError } from 'poc-kit';
import { describe, expect, test } from 'vitest';

function proof() {
  const lines: string[] = [];
  return { lines, proof: new Proof('stage x', 'a claim', (line) => lines.push(line)) };
}

describe('a verdict', () => {
  test('the verdict is proven only if there was a check and every check passed', () => {
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

  test('a proof without checks is not proven', () => {
    const { proof: p } = proof();
    expect(p.conclude(() => {})).toMatchObject({
      verdict: 'failed',
      reason: 'nothing was checked',
    });
  });

  test('the reason is the first failed check; later checks still run', () => {
    const { proof: p, lines } = proof();
    const verdict = p.conclude(() => {
      p.expect('one', 1, 2, 'so many');
      p.expect('two', 3, 4);
    });
    expect(verdict).toMatchObject({ verdict: 'failed', reason: 'one: expected 2, saw 1' });
    expect(verdict.checks).toHaveLength(2);
    expect(lines[1]).toBe('  FAIL  one: 1, but expected 2, so many');
  });

  test('every announced figure is printed with its requirement and its observation', () => {
    const { proof: p, lines } = proof();
    const verdict = p.conclude(() => {
      p.ask({ commands: '4 × 1,000', rate: 'reported' });
      p.figure('rate', '300 a second', true);
      p.figure('commands', '3,999', false);
    });
    expect(verdict).toMatchObject({ reason: 'commands: expected 4 × 1,000, saw 3,999' });
    expect(lines.slice(1)).toEqual([
      '   ok   rate: 300 a second, required: reported',
      '  FAIL  commands: 3,999, but expected 4 × 1,000',
    ]);
  });

  test.each([
    ['the proof ends early', () => {}],
    [
      'an error ends the proof',
      () => {
        throw new Error('on purpose');
      },
    ],
  ])('a figure that was not reached has failed: %s', (_what, end) => {
    const { proof: p, lines } = proof();
    const verdict = p.conclude(() => {
      p.ask({ one: '1', two: '2' });
      p.expect('before', 1, 1);
      p.figure('one', '1', true);
      end();
    });
    expect(verdict.verdict).toBe('failed');
    expect(verdict.checks.at(-1)).toEqual({
      name: 'two',
      expected: '2',
      seen: 'not reached',
      ok: false,
    });
    expect(lines.at(-1)).toBe('  FAIL  two: not reached, but expected 2');
  });

  test('a figure that was not announced is an error', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => p.figure('one', '1', true));
    expect(verdict.reason).toBe(
      'error: expected none, saw The figure "one" is unknown. Announce it with ask first.',
    );
  });

  test('an announced figure of an unsupported stage does not count as failed', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.ask({ one: '1' });
      p.unsupported('nothing here');
    });
    expect(verdict).toMatchObject({ verdict: 'unsupported', checks: [] });
  });

  test('the proof ends at a failed check of require', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.require('one', 'STATUS_TIMEOUT', 'STATUS_SUCCESS');
      p.expect('never', 1, 1);
    });
    expect(verdict.checks.map(({ name }) => name)).toEqual(['one']);
    expect(verdict.verdict).toBe('failed');
  });

  test('an error fails the proof; the reason contains its message', () => {
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

  test('an error whose message is "none", and a thrown value without a message, fail the proof', () => {
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

  test('the verdict is unsupported, with the reason, when the host lacks the feature', () => {
    const { proof: p } = proof();
    const lacking = p.conclude(() => p.unsupported('no such sockets'));
    expect(lacking).toMatchObject({ verdict: 'unsupported', reason: 'no such sockets' });
  });

  test('the verdict is failed when a check failed before the proof found the feature missing', () => {
    const { proof: p } = proof();
    const verdict = p.conclude(() => {
      p.expect('x', 1, 2);
      p.unsupported('no such sockets');
    });
    expect(verdict).toMatchObject({ verdict: 'failed', reason: 'x: expected 2, saw 1' });
  });

  test('a proof can run only once', () => {
    const { proof: p } = proof();
    p.conclude(() => {});
    expect(() => p.conclude(() => {})).toThrowError('This stage has run already');
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
  test('the arguments of a stage are parsed', () => {
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
