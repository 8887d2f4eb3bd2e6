import type { Kernel } from 'ntdllx';

/** The number of calls of each function of a kernel, by name. */
export type CallCounts = Record<string, number>;

/** Wraps a kernel: returns a kernel that counts calls and forwards them, and the counts. */
export function countCalls(kernel: Kernel): { kernel: Kernel; calls: CallCounts } {
  const calls: CallCounts = {};
  const counted = Object.entries(kernel).map(([name, call]) => {
    calls[name] = 0;
    return [
      name,
      (...args: never[]) => {
        calls[name] = (calls[name] as number) + 1;
        return (call as (...args: never[]) => unknown)(...args);
      },
    ];
  });
  return { kernel: Object.fromEntries(counted) as Kernel, calls };
}

/** The additional calls of the second of two runs, per additional message. */
export function callsPerMessage(
  first: CallCounts,
  second: CallCounts,
  messages: number,
): CallCounts {
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const more = names.map((name) => [
    name,
    ((second[name] ?? 0) - (first[name] ?? 0)) / messages,
  ]) as [string, number][];
  return Object.fromEntries(more.filter(([, count]) => count !== 0));
}
