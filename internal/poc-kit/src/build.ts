// The bundler of the release build replaces this with `true` and removes the unreachable code.
declare const RELEASE_BUILD: true | undefined;

/** The current build. */
export const build: 'debug' | 'release' =
  typeof RELEASE_BUILD === 'undefined' ? 'debug' : 'release';
