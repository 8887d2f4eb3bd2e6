/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { makeBcryptPrimitives } from './bcryptprimitives.js';
export { parseWineMajor } from './wine.js';
