import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toWindowsPath } from 'winnode';

/** The top of the repository. */
export const root = join(import.meta.dirname, '../../..');

/** Where Windows Node finds the real nt-findings, in the build that is tested. */
function realFindings(): string {
  const path = createRequire(join(root, 'package.json')).resolve('nt-findings');
  if (process.platform === 'win32') return pathToFileURL(path).href;
  return `file:///${encodeURI(toWindowsPath(path).replaceAll('\\', '/'))}`;
}

/** A project with an nt-findings of this text; without one, a package that nobody built. */
export function findingsProject(scratch: string, name: string, text?: string): string {
  const directory = join(scratch, name);
  const place = join(directory, 'node_modules', 'nt-findings');
  mkdirSync(place, { recursive: true });
  const manifest = {
    type: 'module',
    exports: { '.': './index.js', './package.json': './package.json' },
  };
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest));
  if (text !== undefined) writeFileSync(join(place, 'index.js'), text);
  return directory;
}

/** The real findings, F13 and F14 of them, and some of what is expected changed. */
export const changedFindings = (expected: object, host: object = {}) => `
  import * as real from ${JSON.stringify(realFindings())};
  const changed = ${JSON.stringify(expected)};
  export const findings = real.findings
    .filter(({ id }) => id === 'F13' || id === 'F14')
    .map((each) => ({ ...each, expected: { ...each.expected, ...changed[each.id] } }));
  export const findFinding = (id) => findings.find((each) => each.id === id);
  export const findHost = () => ({ ...real.findHost(), ...${JSON.stringify(host)} });
  export const { lookAt } = real;
`;

/** Made-up findings: what each does is the body of an async generator. */
export const madeUpFindings = (bodies: Record<string, string>) => `
  const ok = { name: 'first', expected: ['a'], seen: 'a', notRun: '' };
  const left = { name: 'never', expected: [], seen: '', notRun: 'it would hurt' };
  const bodies = {
    ${Object.entries(bodies)
      .map(([id, body]) => `${id}: async function* () { ${body} }`)
      .join(',\n')}
  };
  export const findings = Object.keys(bodies).map((id) => ({ id, title: 'Made up' }));
  export const findFinding = (id) => findings.find((each) => each.id === id);
  export const findHost = () => ({ name: 'Wine 8.0', basis: 'made up', isSeen: true });
  export const lookAt = ({ id }) => bodies[id]();
`;
