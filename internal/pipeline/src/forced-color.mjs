/**
 * Removes FORCE_COLOR for this process and its children: tests compare the output of programs, and
 * with FORCE_COLOR Node colours the output even if it is a pipe.
 */
export function ignoreForcedColor(env = process.env) {
  delete env.FORCE_COLOR;
}
