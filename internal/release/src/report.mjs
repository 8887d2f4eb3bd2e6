// What a run of the release prints.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { newestChanges } from './trial.mjs';

const kB = (bytes) => `${(bytes / 1_000).toFixed(1)} kB`;

/**
 * The lines about all packages: versions, changelogs, tarballs with their contents, provenance.
 *
 * @param {import('./pack.mjs').Packed[]} packed
 * @param {Map<string, string>} before the version of each package now.
 * @param {string} place the repository that was packed.
 */
export function releaseReport(packed, before, place) {
  const title = (text) => ['', `# ${text}`, ''];
  const versions = packed.map(
    ({ name, version }) => `${name.padEnd(13)} ${before.get(name)} → ${version}`,
  );
  const changelogs = packed.flatMap(({ name, path }) => {
    const file = join(place, path, 'CHANGELOG.md');
    return [`${name}:`, existsSync(file) ? newestChanges(file) : 'no changelog yet', ''];
  });
  const tarballs = packed.flatMap(({ file, files, packedBytes, bytes }) => [
    `${basename(file)}: ${kB(packedBytes)} packed, ${kB(bytes)} unpacked, ${files.length} files`,
    ...files.map((each) => `  ${String(each.bytes).padStart(7)} ${each.path}`),
  ]);
  const provenance = packed.map(({ name, manifest }) => {
    const { repository, publishConfig } = manifest;
    const origin = `${repository?.url ?? 'no repository'} ${repository?.directory ?? ''}`.trim();
    return `${name.padEnd(13)} provenance ${publishConfig.provenance}, ${origin}`;
  });
  return [
    ...title('Versions'),
    ...versions,
    ...title('Changelogs'),
    ...changelogs,
    ...title('Tarballs'),
    ...tarballs,
    ...title('Provenance'),
    ...provenance,
  ];
}

/**
 * @param {import('./pack.mjs').Packed[]} packed
 * @param {string} home see `readHome`.
 * @returns {string | undefined} the package whose provenance npm would refuse, and why.
 */
export function provenanceProblem(packed, home) {
  for (const { name, path, manifest } of packed) {
    const { repository, publishConfig, license } = manifest;
    if (repository?.url !== `git+${home}.git` || repository.directory !== path) {
      return `${name} does not name ${home} and ${path} as its repository`;
    }
    if (publishConfig.provenance !== true || publishConfig.access !== 'public') {
      return `${name} is not published with public access and provenance`;
    }
    if (license === undefined) return `${name} has no license`;
  }
  return undefined;
}
