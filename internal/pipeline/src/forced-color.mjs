/**
 * Ignores FORCE_COLOR, for this process and those that it starts: tests compare what a program prints,
 * and Node would color it even where its output is a pipe.
 */
export function ignoreForcedColor(env = process.env) {
  delete env.FORCE_COLOR;
}
