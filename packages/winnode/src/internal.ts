/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { parseArguments } from './arguments.js';
export { makeBcryptPrimitives } from './bcryptprimitives.js';
export { byHand, quotedWord } from './by-hand.js';
export { ignoredIn } from './cache.js';
export {
  crashOnWindows,
  crashUnderWine,
  isFailedStart,
  isLoaderFailure,
  shouldStart,
} from './crash.js';
export { endRun, markVariable } from './descendants.js';
export { wineEnvironment } from './environment.js';
export { answered, answerLinks } from './links.js';
export { installTree, isInstalled, type NpmPackage, placesOf } from './npm-tree.js';
export { withPackageCommand } from './package-command.js';
export { nodeIn, pageAligned } from './page-aligned.js';
export { isHeadless } from './process-start.js';
export {
  type AskPlatforms,
  findProjectLock,
  type WindowsPackage,
  windowsPackagesOf,
} from './project-lock.js';
export { findProjectProbe } from './project-probe.js';
export { requireWineFor } from './windows-node.js';
export { nodeOptionsOnDriveZ, requireWindowsName } from './windows-path.js';
export { parseWineMajor } from './wine.js';
