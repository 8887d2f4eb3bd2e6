/**
 * Runs Windows Node anywhere: natively on Windows, through Wine elsewhere.
 *
 * @packageDocumentation
 */
export { type Cleaned, clean } from './clean.js';
export { type DiagnoseOptions, diagnose } from './doctor.js';
export { WinnodeError, type WinnodeErrorCode } from './errors.js';
export { describeHost, type HostFacts, winnodeVersion } from './host.js';
export { type InstallAllOptions, type Installed, install } from './install.js';
export { type Item, isWell, type Probe, type Verdict } from './item.js';
export { type EnsurePrefixOptions, ensurePrefix, prefixPath, prefixWine } from './prefix.js';
export { openSession, runWindowsNode, type Session } from './run.js';
export { type RunOptions, type RunResult, timeLimitExitCode } from './run-child.js';
export { InterruptedError } from './signals.js';
export {
  findWindowsNode,
  type InstallOptions,
  installWindowsNode,
  type WindowsNode,
} from './windows-node.js';
export { installWindowsPackages } from './windows-packages.js';
export { quoteNodeOption, toWindowsPath } from './windows-path.js';
export { findWine, howToInstallWine, oldestWineMajor, type Wine } from './wine.js';
