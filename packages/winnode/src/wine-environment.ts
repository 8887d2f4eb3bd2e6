/**
 * The environment in which Wine runs a program under `prefix`.
 *
 * Wine's own chatter is off unless `WINEDEBUG` asks for it; mono and gecko are never offered; no
 * display is opened, so that no window and no desktop process appears.
 */
export function wineEnvironment(
  prefix: string,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const { DISPLAY: _x11, WAYLAND_DISPLAY: _wayland, WINEARCH: _arch, ...rest } = env;
  return {
    ...rest,
    WINEPREFIX: prefix,
    WINEDEBUG: env['WINEDEBUG'] || '-all',
    WINEDLLOVERRIDES: env['WINEDLLOVERRIDES'] || 'mscoree,mshtml=',
  };
}
