// Packs the published packages, and reads what was packed.
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publishedPackages } from './published.mjs';
import { stagePackage } from './stage.mjs';

/**
 * @typedef {object} Packed
 * @property {string} name @property {string} version
 * @property {string} path of the package, from the top of the repository.
 * @property {string} file the tarball.
 * @property {Record<string, any>} manifest the manifest in the tarball.
 * @property {{ path: string, bytes: number }[]} files what the tarball contains.
 * @property {number} packedBytes @property {number} bytes unpacked.
 */

/**
 * Packs all published packages.
 *
 * @param {string} root of the repository.
 * @param {string} into the directory of the tarballs; it is emptied first.
 * @param {string} home see `readHome`.
 * @param {(args: string[], options: object) => Promise<number>} pnpm runs the pinned pnpm.
 * @returns {Promise<Packed[]>} a package comes after those that it needs.
 */
export async function packAll(root, into, home, pnpm) {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  const packed = [];
  for (const { name, path, manifest } of publishedPackages(root)) {
    const cwd = stagePackage(root, name, home);
    const args = ['pack', '--pack-destination', into];
    const code = await pnpm(args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    if (code !== 0) throw new Error(`pnpm could not pack ${name}: see its output above.`);
    packed.push({ path, ...readTarball(join(into, `${name}-${manifest.version}.tgz`)) });
  }
  return packed;
}

/**
 * Reads a tarball.
 *
 * @param {string} file
 * @returns {Omit<Packed, 'path'>}
 */
export function readTarball(file) {
  const files = [];
  let manifest;
  for (const { path, content } of entriesOf(gunzipSync(readFileSync(file)))) {
    files.push({ path, bytes: content.length });
    if (path === 'package.json') manifest = JSON.parse(content.toString());
  }
  const { name, version } = manifest;
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  return { name, version, file, manifest, files, packedBytes: statSync(file).size, bytes };
}

const headerBytes = 512;

/** The files of a tar archive, by the ustar header of each: name, size, kind, prefix. */
function* entriesOf(archive) {
  const text = (at, bytes) => archive.toString('utf8', at, at + bytes).replace(/\0.*$/s, '');
  for (let at = 0; archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    if (kind !== '0' && kind !== '') throw new Error(`The tarball has an entry of kind ${kind}.`);
    const path = [text(at + 345, 155), text(at, 100)].filter(Boolean).join('/');
    const content = archive.subarray(at + headerBytes, at + headerBytes + size);
    yield { path: path.replace(/^package\//, ''), content };
    at += headerBytes + Math.ceil(size / headerBytes) * headerBytes;
  }
}
