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
export { findingsMarkdown, printedSummary } from './findings-report.js';
export { answered, answerLinks } from './links.js';
export { nodeIn, pageAligned } from './page-aligned.js';
export { parseWineMajor } from './wine.js';
