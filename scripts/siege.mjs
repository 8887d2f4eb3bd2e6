// npm run siege: prepares the clone, builds both builds and runs the parts of the siege, each with
// a time limit. It uses the builds of npm test if they are current.
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  beginRecord,
  chooseParts,
  listParts,
  parts,
  planSeed,
  readFlags,
  recordSiege,
  runSiege,
  usage,
} from '../internal/siege/src/index.mjs';
import { buildAll, main, root, SetupError, setup, takeInstallFlag } from './common.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  const names = parts.map(({ name }) => name);
  const flags = readFlags(rest, names);
  if (flags.error !== undefined) throw new SetupError(flags.error, 2);
  if (flags.help || flags.list) {
    process.stdout.write(flags.help ? usage : listParts(parts));
    return 0;
  }
  const canRunWindowsNode = await setup(isInstallAllowed, { mayLackWine: true });
  await buildAll();
  const { currentFacts } = await import('@tofu-nt/pipeline/host-facts');
  const { openSession } = await import('@tofu-nt/pipeline/winnode');
  // All parts share one wineserver. So each starts in a fifth of the time.
  const session = canRunWindowsNode ? await openSession() : { close: async () => {} };
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => stop.abort(signal));
  try {
    const { seed, origin } = planSeed(flags.seed);
    if (flags.record) Object.assign(process.env, beginRecord(root));
    say(`\nSeed ${seed} (${origin})`);
    const { exitCode, results } = await runSiege(chooseParts(parts, flags.part), {
      root,
      seed,
      isLong: flags.long,
      missing: canRunWindowsNode ? '' : currentFacts().reason,
      logDirectory: join(root, 'node_modules', '.siege'),
      say,
      signal: stop.signal,
    });
    if (stop.signal.aborted) {
      throw new SetupError(
        `Interrupted by ${stop.signal.reason}.`,
        128 + constants.signals[stop.signal.reason],
      );
    }
    if (flags.record) recordSiege(root, results);
    return exitCode;
  } finally {
    await session.close();
  }
});
