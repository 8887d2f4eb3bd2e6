// The bundler of the release build replaces this with `true` and removes the unreachable code.
declare const RELEASE_BUILD: true | undefined;

/** True in the debug build, false in the release build. */
export const DEBUG: boolean = typeof RELEASE_BUILD === 'undefined';
