/**
 * The environment in which Wine runs a program under `prefix`.
 *
 * Wine's own chatter is off unless `WINEDEBUG` asks for it; mono and gecko are never offered; no
 * display is opened, so that no window and no desktop process appears. Arguments and file names are
 * UTF-8 to Wine, as they are to Node, also where the locale says nothing.
 */
export function wineEnvironment(
  prefix: string,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const { DISPLAY: _x11, WAYLAND_DISPLAY: _wayland, WINEARCH: _arch, ...rest } = env;
  return {
    ...rest,
    ...(/utf-?8/i.test(locale) ? {} : { LC_ALL: 'C.UTF-8' }),
    WINEPREFIX: prefix,
    WINEDEBUG: env['WINEDEBUG'] || '-all',
    WINEDLLOVERRIDES: env['WINEDLLOVERRIDES'] || 'mscoree,mshtml=',
  };
}
