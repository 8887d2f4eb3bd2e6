/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { parseArguments } from './arguments.js';
export { makeBcryptPrimitives } from './bcryptprimitives.js';
export {
  crashOnWindows,
  crashUnderWine,
  isFailedStart,
  isLoaderFailure,
  shouldStart,
} from './crash.js';
export { wineEnvironment } from './environment.js';
export { findingsMarkdown, printedSummary } from './findings-report.js';
export { answered } from './links.js';
export { nodeIn, pageAligned } from './page-aligned.js';
export { ignoredIn } from './prefix.js';
export { nodeOptionsOnDriveZ, requireWindowsName } from './windows-path.js';
export { parseWineMajor } from './wine.js';
