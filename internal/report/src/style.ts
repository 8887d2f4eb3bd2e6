import { Html } from './html.js';

// Pairs of colours, light and dark. Text has a contrast of at least 4.5 on its background, a bar
// of at least 3; a test checks this.
export const colours = {
  ground: ['#ffffff', '#15181d'],
  panel: ['#f3f5f8', '#1e232a'],
  text: ['#1b1f24', '#e6e9ee'],
  faint: ['#57606a', '#a3adba'],
  line: ['#d0d7de', '#3a424d'],
  link: ['#0550ae', '#79b8ff'],
  good: ['#116329', '#6fdd8b'],
  bad: ['#a40e26', '#ff9492'],
  odd: ['#7a4b00', '#f0c36d'],
  request: ['#0969da', '#58a6ff'],
  wait: ['#7d8590', '#8b949e'],
  post: ['#8250df', '#bc8cff'],
  other: ['#0b7d6d', '#3fbfae'],
  packet: ['#bc4c00', '#ff9a57'],
} as const;

const variables = (index: 0 | 1) =>
  Object.entries(colours)
    .map(([name, pair]) => `--${name}:${pair[index]}`)
    .join(';');

const css = `
:root{color-scheme:light dark;${variables(0)}}
@media (prefers-color-scheme:dark){:root{${variables(1)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 4rem;background:var(--ground);
color:var(--text);font:16px/1.5 system-ui,"Segoe UI","Liberation Sans",sans-serif}
code,pre,td,dd,svg text{font-family:ui-monospace,"Cascadia Mono","DejaVu Sans Mono",monospace}
code,pre,td,dd{font-size:.875em}
h1{font-size:1.7rem;line-height:1.2;margin:.2em 0}
h2{font-size:1.3rem;margin:2.5em 0 .5em;padding-bottom:.25em;border-bottom:2px solid var(--line)}
h3{display:inline;font-size:1rem;margin:0}
h4{font-size:1rem;margin:1.5em 0 .4em}
p{margin:.5em 0;max-width:50rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-100vw}
.skip:focus{position:static}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
nav ul,.legend{display:flex;flex-wrap:wrap;gap:.3em 1.2em;list-style:none;padding:0}
.legend{font-size:.875rem}
.legend svg{vertical-align:-2px}
.note,.claim,caption,time{color:var(--faint)}
.claim{font-size:1.05rem}
.reason{color:var(--bad);overflow-wrap:anywhere}
.scroll{overflow-x:auto;max-width:100%;margin:.8em 0}
table{border-collapse:collapse;min-width:60%}
caption{text-align:left;padding:.3em 0;font-weight:600}
th,td{padding:.25em .7em;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th[scope=row]{font-weight:500}
thead th,.group th,.group td{background:var(--panel)}
thead th[scope=colgroup]{border-left:2px solid var(--line)}
.parameters td:nth-child(even){border-left:2px solid var(--line)}
.group td{color:var(--faint)}
.number{text-align:right;white-space:nowrap}
.none{color:var(--faint);white-space:nowrap}
.kept{color:var(--good)}
.differs,.wrong b{color:var(--bad)}
.differs{outline:2px solid var(--bad);outline-offset:-2px}
.wrong>*{border-bottom-color:var(--bad)}
.badge{padding:.1em .6em;border:1.5px solid currentColor;border-radius:1em;
font:600 .875rem system-ui,sans-serif;white-space:nowrap}
.proven{color:var(--good)}
.failed{color:var(--bad)}
.unsupported{color:var(--odd)}
dl>div{display:flex;flex-wrap:wrap;gap:0 1em;padding:.15em 0}
dt{min-width:12rem;color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
.result{margin:.8em 0;padding:.2em .9em;border:1px solid var(--line);border-radius:.5em}
summary{cursor:pointer;padding:.5em 0}
pre{line-height:1.45;background:var(--panel);padding:.8em;max-height:32rem;overflow:auto}
.findings{columns:26rem;padding-left:1.2em}
.findings li{break-inside:avoid;margin:.2em 0}
svg text{fill:var(--text);font-size:12px}
.overview{display:block;width:100%;min-width:44rem;height:auto}
.sequence{display:block}
.grid,.axis{stroke:var(--line);fill:none}
.axis{stroke:var(--faint);stroke-dasharray:3 2}
.request{fill:var(--request)}
.wait{fill:var(--wait)}
.post{fill:var(--post)}
.other{fill:var(--other)}
circle.packet,rect.packet,.head{fill:var(--packet)}
.arrow{fill:none;stroke:var(--packet);stroke-width:1.3}
svg .time{fill:var(--faint)}
svg .packet-words{fill:var(--packet)}
svg .track{font-weight:600}
.range{fill:var(--request);opacity:.45}
.median{fill:var(--request)}
.plot svg{display:block}
@media (max-width:40rem){th,td{padding:.2em .4em}dt{min-width:9rem}}
@media print{
:root{color-scheme:light;${variables(0)}}
body{max-width:none;padding:0;font-size:10pt}
.scroll,pre{overflow:visible;max-height:none}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}
.overview{min-width:0}
nav,.skip{display:none}
details::details-content{content-visibility:visible;display:block}
tr,.result>summary,h2,h3,h4{break-inside:avoid;break-after:auto}
h2,h3,h4,caption,summary{break-after:avoid}
}
`;

/** The page's only style sheet. */
export const style = new Html(`<style>${css}</style>`);
