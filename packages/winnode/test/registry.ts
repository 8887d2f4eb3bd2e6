import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

/** A package in a registry. */
export interface Published {
  readonly name: string;
  readonly version: string;
  /** The tarball's checksum in npm's form. */
  readonly integrity: string;
  readonly tarball: Buffer;
  readonly platforms: { readonly os?: readonly string[]; readonly cpu?: readonly string[] };
}

/**
 * Makes the tarball of a package.
 *
 * @param files content by name; a package.json with name and version is added
 * @param platforms the package's platforms; default: Windows x64
 */
export function publish(
  scratch: string,
  name: string,
  version: string,
  files: Readonly<Record<string, string | Buffer>> = {},
  platforms: Published['platforms'] = { os: ['win32'], cpu: ['x64'] },
): Published {
  const directory = mkdtempSync(join(scratch, 'publish-'));
  const all = {
    'package.json': JSON.stringify({ name, version, ...platforms }),
    ...files,
  };
  for (const [file, content] of Object.entries(all)) {
    const path = join(directory, 'package', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  const archive = join(directory, 'package.tgz');
  const { status, stderr } = spawnSync('tar', ['-czf', archive, '-C', directory, 'package']);
  if (status !== 0) throw new Error(`${stderr}`);
  const tarball = readFileSync(archive);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  return { name, version, integrity, tarball, platforms };
}

/** A registry for npm on this machine. */
export interface Registry {
  readonly url: string;
  /** The requested paths. */
  readonly asked: string[];
  /** Called with each path; the answer waits for the returned promise. */
  onAsked: (path: string) => Promise<void> | void;
  close(): void;
}

/** Serves packages as npm's registry does. */
export async function openRegistry(packages: readonly Published[]): Promise<Registry> {
  const asked: string[] = [];
  const registry = { asked, onAsked: (_: string): Promise<void> | void => {} };
  const server: Server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    await registry.onAsked(path);
    const answered = packages.find(({ name, version }) => path === `/-/${name}-${version}.tgz`);
    const described = packages.filter(({ name }) => path === `/${name}`);
    if (answered !== undefined) response.end(answered.tarball);
    else if (described.length > 0) response.end(JSON.stringify(packument(described)));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const packument = (versions: readonly Published[]) => ({
    name: versions[0]?.name,
    'dist-tags': { latest: versions.at(-1)?.version },
    versions: Object.fromEntries(
      versions.map(({ name, version, integrity, platforms }) => {
        const dist = { integrity, tarball: `${url}/-/${name}-${version}.tgz` };
        return [version, { name, version, ...platforms, dist }];
      }),
    ),
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(registry, { url, close });
}
