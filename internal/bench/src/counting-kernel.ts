import type { Kernel } from 'ntdllx';

/** How often each function of a kernel was called, by name. */
export type CallCounts = Record<string, number>;

/** A kernel that counts, and the counts; the functions are those of the one it is made of. */
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

/** What more was called in the second of two runs, per message that it had more. */
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
