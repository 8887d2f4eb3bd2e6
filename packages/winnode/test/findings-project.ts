import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
