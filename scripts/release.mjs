// npm run release (pnpm release): packs the published packages of a commit without local changes on
// which npm test passed, and publishes them.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  npmProblem,
  packAll,
  provenanceProblem,
  publishedPackages,
  readHome,
  refusal,
  releaseReport,
  tryVersions,
  uploadAll,
  waitingChangesets,
} from '../internal/release/src/index.mjs';
import { main, pnpm, root, SetupError, withoutSeparator } from './common.mjs';

const help = `npm run release -- [flags]: packs all published packages, and publishes them.

  --dry-run     does everything except the upload, with the versions that the changesets would make
  --home URL    in a dry run: the address of the repository, while package.json has none
  --pack        only packs, into .release
  --upload      only publishes what --pack made
  --preview     only packs the current builds, for a pull request
  --first       publishes without provenance, for the first release of a package: see RELEASING.md
  --help        this text
`;

/**
 * The address in a dry run while package.json has none: a host name that is reserved for examples.
 */
const exampleHome = 'https://example.com/owner/tofu-nt';
const tarballs = join(root, '.release');
const say = (line) => process.stdout.write(`${line}\n`);

function readFlags() {
  const boolean = { type: 'boolean', default: false };
  const options = {
    'dry-run': boolean,
    pack: boolean,
    upload: boolean,
    preview: boolean,
    first: boolean,
    help: boolean,
    home: { type: 'string' },
  };
  try {
    const { values } = parseArgs({ args: withoutSeparator(process.argv.slice(2)), options });
    // npm keeps a flag without a -- before it for itself.
    const isDry = values['dry-run'] || process.env.npm_config_dry_run === 'true';
    if (values.home !== undefined && !isDry) {
      throw new Error(
        '--home can only be used with --dry-run. A release reads the address from package.json.',
      );
    }
    return { ...values, isDry };
  } catch (error) {
    throw new SetupError(error.message, 2);
  }
}

function refuse(reason) {
  if (reason !== undefined) throw new SetupError(reason);
}

/** @param {string} place the repository that is packed. */
async function pack(place, home) {
  const before = new Map(
    publishedPackages(root).map(({ name, manifest }) => [name, manifest.version]),
  );
  const packed = await packAll(place, tarballs, home, pnpm);
  for (const line of releaseReport(packed, before, place)) say(line);
  return packed;
}

async function dryRun(given) {
  const home = given ?? (readHome(root) || exampleHome);
  const waiting = waitingChangesets(root).length;
  const trial = waiting > 0 ? tryVersions(root) : { place: root, remove: () => {} };
  try {
    const packed = await pack(trial.place, home);
    refuse(provenanceProblem(packed, home));
  } finally {
    trial.remove();
  }
  say(
    `\nDry run with ${waiting} unreleased changesets. The tarballs are in .release; nothing was published.`,
  );
  if (readHome(root) === '') {
    say(
      `A release is rejected until "repository" in package.json is set. This dry run used ${home}`,
    );
  }
}

await main(async () => {
  const { isDry, home, ...flags } = readFlags();
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  if (flags.preview) {
    await packAll(root, tarballs, readHome(root), pnpm);
    return 0;
  }
  if (!flags.upload) refuse(refusal(root, { isDry }));
  if (isDry) {
    await dryRun(home);
    return 0;
  }
  const hasProvenance = !flags.first;
  if (!flags.pack) {
    refuse(npmProblem());
    if (hasProvenance && process.env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined) {
      refuse(
        'A publish with provenance must run in the workflow "release". The first publish of a package: pnpm release --first',
      );
    }
  }
  if (!flags.upload) refuse(provenanceProblem(await pack(root, readHome(root)), readHome(root)));
  if (!flags.pack) uploadAll(tarballs, { hasProvenance, say });
  return 0;
});
