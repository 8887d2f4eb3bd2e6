// The bundler of the release build puts `true` here and drops what can then not run.
declare const RELEASE_BUILD: true | undefined;

/** True in the debug build, false in the release build. */
export const DEBUG: boolean = typeof RELEASE_BUILD === 'undefined';
