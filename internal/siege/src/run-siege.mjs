import { relative } from 'node:path';
import { replayLinesOf, runPart, tailOf } from './run-part.mjs';

const longFactor = 10;

/** The parts with these names, in their order; without names all parts. */
export function chooseParts(parts, names) {
  return names.length === 0 ? parts : parts.filter(({ name }) => names.includes(name));
}

/** Lists the parts, one line each, and the sum of their limits. */
export function listParts(parts) {
  const width = Math.max(...parts.map(({ name }) => name.length));
  const lines = parts.map(({ name, what, limitMinutes }) => {
    return `  ${name.padEnd(width)}  ${String(limitMinutes).padStart(4)} min  ${what}`;
  });
  const sum = parts.reduce((total, { limitMinutes }) => total + limitMinutes, 0);
  return `${lines.join('\n')}\n  ${'together'.padEnd(width)}  ${String(sum).padStart(4)} min\n`;
}

/**
 * Runs parts one after another and prints the outcome of each.
 *
 * @param options `missing` is the reason why this host cannot run Windows Node, or ''; `signal`
 *   ends the running part, and then the siege.
 * @returns {Promise<{ exitCode: number, results: object[] }>}
 */
export async function runSiege(parts, options) {
  const { root, seed, isLong = false, missing = '', say, logDirectory, signal } = options;
  const results = [];
  for (const part of parts) {
    if (signal?.aborted) break;
    if (part.needsWindowsNode && missing !== '') {
      results.push({ part, outcome: 'skipped', reason: missing });
      say(`${part.name}: skipped: ${missing}`);
      continue;
    }
    results.push(await runOne(part, { root, seed, isLong, say, logDirectory, signal }));
  }
  say(`\n${table(results)}`);
  const [passed, skipped] = ['passed', 'skipped'].map((name) => numberOf(results, name));
  const failed = results.length - passed - skipped;
  const reproduced = results.filter(({ again }) => again !== undefined);
  for (const { part, again } of reproduced) say(`${part.name} again: ${again}`);
  if (passed + failed === 0) say('Every part was skipped, so the siege counts as failed.');
  say(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  return { exitCode: failed > 0 || passed === 0 ? 1 : 0, results };
}

async function runOne(part, { root, seed, isLong, say, logDirectory, signal }) {
  const factor = isLong ? longFactor : 1;
  const limitMinutes = part.limitMinutes * factor;
  const seedText = part.isSeeded ? `, seed ${seed}` : '';
  say(`${part.name}: ${part.what}; at most ${limitMinutes} min${seedText}`);
  const environment = part.isSeeded
    ? { SIEGE_SEED: String(seed), SIEGE_RUNS_FACTOR: String((part.runsFactor ?? 1) * factor) }
    : {};
  const { outcome, tookMs, log } = await runPart(part, {
    root,
    logDirectory,
    limitMs: limitMinutes * 60_000,
    environment,
    signal,
    // With --long a part without a seed runs ten times.
    repeats: part.isSeeded ? 1 : factor,
  });
  const result = { part, outcome, tookMs, ...(part.isSeeded ? { seed } : {}) };
  const logName = relative(root, log);
  if (outcome === 'passed') {
    say(`${part.name}: passed in ${seconds(tookMs)}; ${logName}`);
    return result;
  }
  if (outcome === 'stopped') {
    say(`${part.name}: stopped after ${seconds(tookMs)}`);
    return result;
  }
  say(tailOf(log));
  for (const line of replayLinesOf(log)) say(line);
  const flags = [part.isSeeded ? ` --seed ${seed}` : '', isLong ? ' --long' : ''].join('');
  const again = `npm run siege -- --part ${part.name}${flags}`;
  const end = outcome === 'ended' ? `ended by its time limit of ${limitMinutes} min` : 'failed';
  say(`${part.name}: ${end} after ${seconds(tookMs)}; all of its output: ${logName}`);
  say(`${part.name} again: ${again}`);
  return { ...result, again };
}

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

const numberOf = (results, name) => results.filter(({ outcome }) => outcome === name).length;

const outcomes = {
  passed: 'passed',
  failed: 'FAILED',
  ended: 'ENDED by its time limit',
  stopped: 'stopped',
};

/** A table of the parts and their outcomes. */
export function table(results) {
  const rows = results.map(({ part, outcome, reason, tookMs, seed }) => [
    part.name,
    outcomes[outcome] ?? `skipped: ${reason}`,
    tookMs === undefined ? '' : seconds(tookMs),
    seed === undefined ? '' : String(seed),
  ]);
  const all = [['part', 'result', 'took', 'seed'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
