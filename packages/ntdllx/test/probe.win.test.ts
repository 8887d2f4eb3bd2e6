import { nativeMemory } from 'ntdllx';
import { probeNt } from 'ntdllx/probe';
import { expect, test } from 'vitest';

test('what NT can do here is tried: koffi and AFD are necessary, and work', () => {
  const facts = [...probeNt()];
  expect(facts.filter(({ isNecessary }) => isNecessary)).toMatchObject([
    { name: 'koffi', verdict: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    { name: 'AFD', verdict: 'ok' },
  ]);
  const optional = facts.filter(({ isNecessary }) => !isNecessary);
  expect(optional.map(({ name }) => name)).toEqual([
    'AF_UNIX',
    'NtSetIoCompletionEx',
    'NtCreateWaitCompletionPacket',
    'NtAssociateWaitCompletionPacket',
    'NtCancelWaitCompletionPacket',
    'ProcessSocketNotifications',
  ]);
  for (const { verdict, detail } of optional) {
    expect(['ok', 'missing', 'unsupported']).toContain(verdict);
    expect(detail).not.toBe('');
  }
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('each is tried when it is asked for, and a second time it is the same', () => {
  const probe = probeNt();
  expect(probe.next().value).toMatchObject({ name: 'koffi' });
  probe.return();
  expect(nativeMemory().blocks).toBe(0);
  const verdicts = () => [...probeNt()].map(({ verdict }) => verdict);
  expect(verdicts()).toEqual(verdicts());
});
