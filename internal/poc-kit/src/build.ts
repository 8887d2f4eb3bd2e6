// The bundler of the release build puts `true` here and drops what can then not run.
declare const RELEASE_BUILD: true | undefined;

/** Which of the two builds this is. */
export const build: 'debug' | 'release' =
  typeof RELEASE_BUILD === 'undefined' ? 'debug' : 'release';
