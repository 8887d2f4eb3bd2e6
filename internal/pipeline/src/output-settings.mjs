/**
 * Removes FORCE_COLOR and WINEDEBUG for this process and its children: tests compare the output of
 * programs. With FORCE_COLOR Node colours the output even if it is a pipe, and with WINEDEBUG Wine
 * adds lines of its own.
 */
export function ignoreOutputSettings(env = process.env) {
  delete env.FORCE_COLOR;
  delete env.WINEDEBUG;
}
