/** The page's style. Both schemes are tables of the same names; statuses and series are told apart without their colour too. */

const LIGHT = {
  page: '#f4f6f8',
  panel: '#ffffff',
  line: '#d8dee5',
  text: '#171b21',
  muted: '#55606d',
  accent: '#0a5fa8',
  'code-back': '#eef1f5',
  'pass-text': '#00583f',
  'pass-back': '#d8f1e8',
  'fail-text': '#952300',
  'fail-back': '#fde3d8',
  'error-text': '#78195f',
  'error-back': '#f7dff1',
  'inconclusive-text': '#604900',
  'inconclusive-back': '#fbeebb',
  'skip-text': '#47515c',
  'skip-back': '#e6eaee',
  // Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), two of its lightest darkened for a white ground.
  s0: '#0072b2',
  s1: '#d55e00',
  s2: '#00876a',
  s3: '#b3578c',
  s4: '#8f7000',
  s5: '#3a86b8',
} as const

const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  page: '#0e1217',
  panel: '#161b22',
  line: '#2e3641',
  text: '#e7ebf0',
  muted: '#9faab7',
  accent: '#74b9f5',
  'code-back': '#0f141a',
  'pass-text': '#76e3c0',
  'pass-back': '#0f352b',
  'fail-text': '#ffa580',
  'fail-back': '#46200f',
  'error-text': '#f2a8df',
  'error-back': '#401638',
  'inconclusive-text': '#f3d465',
  'inconclusive-back': '#3b3009',
  'skip-text': '#b8c2cd',
  'skip-back': '#28303a',
  s0: '#56b4e9',
  s1: '#f0883e',
  s2: '#2fc39a',
  s3: '#df8fbd',
  s4: '#e9d750',
  s5: '#a3b8ff',
}

const variables = (scheme: Readonly<Record<string, string>>) =>
  Object.entries(scheme)
    .map(([name, color]) => `--${name}:${color}`)
    .join(';')

const statuses = ['pass', 'fail', 'error', 'inconclusive', 'skip']
  .map(status => `.${status}{--status-text:var(--${status}-text);--status-back:var(--${status}-back)}`)
  .join('\n')

const series = [0, 1, 2, 3, 4, 5].map(index => `.s${index}{--series:var(--s${index})}`).join('\n')
const dashes = ['', '7 3', '2 3', '9 3 2 3', '5 2', '1 4']
  .map((dash, index) => `.s${index}>polyline,.s${index}>line{stroke-dasharray:${dash === '' ? 'none' : dash}}`)
  .join('\n')

export const STYLE = `
:root{color-scheme:light;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${variables(DARK)}}}
@media screen{:root[data-theme=dark]{color-scheme:dark;${variables(DARK)}}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.wrap{max-width:1180px;margin:0 auto;padding:0 1.25rem}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
h1,h2,h3,h4,p,ul,dl,table,figure{margin:0}
h2{font-size:1.15rem;margin:2.4rem 0 .8rem;letter-spacing:-.01em}
h3{font-size:1.1rem;letter-spacing:-.01em}
h4{font-size:.95rem}
code,pre,.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em}
pre{margin:0;padding:.7rem .9rem;background:var(--code-back);border:1px solid var(--line);border-radius:8px;white-space:pre-wrap}
.muted{color:var(--muted)}
.small{font-size:.85rem}
.top{display:flex;align-items:center;gap:1rem;padding:1rem 0}
.brand{font-weight:700;letter-spacing:.02em;font-size:1.05rem;margin-right:auto}
.brand span{color:var(--muted);font-weight:400}
button{font:inherit;font-size:.85rem;color:var(--text);background:var(--panel);border:1px solid var(--line);border-radius:999px;padding:.3rem .9rem;cursor:pointer}
button:hover{border-color:var(--muted)}
.skip-link{position:absolute;left:-999px}
.skip-link:focus{left:1rem;top:1rem;background:var(--panel);padding:.5rem 1rem;z-index:1}
${statuses}
.badge{display:inline-flex;align-items:center;gap:.4em;padding:.08em .6em;border-radius:999px;background:var(--status-back);color:var(--status-text);font-weight:600;font-size:.85rem;white-space:nowrap;text-decoration:none}
.verdict{background:var(--panel);border:1px solid var(--line);border-left:8px solid var(--status-text);border-radius:12px;padding:1.4rem 1.6rem;display:grid;gap:1.1rem}
.verdict h1{display:flex;align-items:center;gap:.7rem;font-size:1.9rem;line-height:1.15;letter-spacing:-.02em;color:var(--status-text)}
.verdict .sign{display:grid;place-items:center;width:2.6rem;height:2.6rem;flex:none;border-radius:50%;background:var(--status-back);font-size:1.5rem}
.verdict .sentence{font-size:1.05rem;max-width:75ch}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,190px),1fr));gap:.7rem 1.5rem}
.facts dt{color:var(--muted);font-size:.8rem}
.facts dd{margin:0}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:12px}
.panel+.panel{margin-top:1rem}
.panel>.scroll{border-radius:11px}
/* Shadows at the edges behind which there is more; the covers scroll away with the table. */
.scroll{overflow-x:auto;background:linear-gradient(to right,var(--panel) 30%,transparent) left/36px 100% no-repeat local,linear-gradient(to left,var(--panel) 30%,transparent) right/36px 100% no-repeat local,linear-gradient(to right,#0003,transparent) left/12px 100% no-repeat scroll,linear-gradient(to left,#0003,transparent) right/12px 100% no-repeat scroll}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .8rem;border-top:1px solid var(--line);overflow-wrap:normal}
thead th{border-top:0;overflow-wrap:normal;color:var(--muted);font-weight:500;font-size:.8rem;vertical-align:bottom}
tbody th{font-weight:600}
.samples{font-weight:400}
td.number,th.number{text-align:right}
td.number,tbody th.number{white-space:nowrap}
thead th.number{min-width:4.8rem}
.source{color:var(--muted);font-size:.82rem;min-width:15rem;max-width:26rem}
td.wide{min-width:16rem;width:50%;overflow-wrap:anywhere}
.nowrap{white-space:nowrap}
.unmet{color:var(--fail-text);font-weight:600}
.matrix th[scope=colgroup]{text-align:center;border-left:1px solid var(--line);color:var(--text);font-weight:600}
.matrix .first{border-left:1px solid var(--line)}
.matrix td{min-width:8.5rem}
.matrix .figure{display:block;margin-top:.25rem;color:var(--muted);font-size:.8rem}
.matrix a.badge:hover{text-decoration:underline}
.attention{list-style:none;padding:0}
.attention li{padding:.8rem 1rem;border-top:1px solid var(--line);display:grid;gap:.3rem}
.attention li:first-child{border-top:0}
.attention .head{display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:center}
.reason{white-space:pre-wrap}
.unit{margin-top:1.2rem;scroll-margin-top:1rem}
.unit:target{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
.unit>header,.unit>.part{padding:1.1rem 1.3rem}
.unit>.part{border-top:1px solid var(--line)}
.unit>header{display:grid;gap:.9rem}
.title{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center}
.remark{border-left:4px solid var(--inconclusive-text);background:var(--inconclusive-back);color:var(--inconclusive-text);border-radius:4px;padding:.4rem .8rem}
.explain{border-left:4px solid var(--status-text);background:var(--status-back);color:var(--status-text);border-radius:4px;padding:.5rem .8rem}
:is(.part,.shape,.shape>details)>.scroll{margin:0 -1.3rem}
.shape{display:grid;gap:.8rem;min-width:0}
.shape>*{min-width:0}
.shape+.shape{margin-top:1.6rem;padding-top:1.2rem;border-top:1px solid var(--line)}
.shape h5{margin:0;font-size:.9rem}
.saturation{max-width:85ch}
.part>.title{margin-bottom:.6rem}
.part>.explain{margin-bottom:.8rem}
.part>.scroll+.scroll{margin-top:1.2rem}
:is(.part,.shape,.shape>details)>.scroll tr>:first-child:not(.metric){padding-left:1.3rem}
.part>h4{margin-bottom:.6rem}
.evidence{display:grid;grid-template-columns:minmax(0,1fr);gap:.8rem}
.evidence>.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:1rem 2rem;align-items:start}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,170px),1fr));gap:.6rem 1.2rem}
.figures dt{color:var(--muted);font-size:.8rem}
.figures dd{margin:0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:1.2rem 1.6rem;margin-top:1.2rem}
figure{min-width:0;max-width:460px}
.together{display:grid;grid-template-columns:minmax(0,1fr)}
.together>.charts{margin:1.1rem 1.3rem;grid-template-columns:minmax(0,1fr)}
@media (min-width:1000px){.together{grid-template-columns:minmax(0,460px) minmax(0,1fr);align-items:start}}
.together+.together{margin-top:1.2rem}
caption{text-align:left;font-size:.85rem;font-weight:600;padding:.6rem .9rem .2rem}
figcaption{font-size:.85rem;font-weight:600;margin-bottom:.4rem}
.chart{display:block;width:100%;height:auto;font-size:12px}
.chart text{fill:var(--muted);font-family:inherit}
.chart .axis-label{font-size:12px}
.chart .exponent{font-size:9px}
.chart .grid{stroke:var(--line)}
.chart .axis{stroke:var(--muted)}
.chart .bar{fill:var(--s0)}
.chart .bar.apart{fill:var(--s2)}
.chart .bar:hover{opacity:.75}
.chart .mark{stroke:var(--s3);stroke-width:1.5;stroke-dasharray:5 4}
.chart .mark-label{fill:var(--s3);font-weight:600}
.chart .limit{stroke:var(--fail-text);stroke-width:1.5;stroke-dasharray:2 3}
.chart .limit-label{fill:var(--fail-text)}
.chart .quiet{opacity:0}
.chart .quiet:hover{opacity:1}
${series}
.series polyline{fill:none;stroke:var(--series);stroke-width:2;stroke-linejoin:round}
.series>line{stroke:var(--series);stroke-width:2}
.series circle,.series rect,.series polygon{fill:var(--series)}
.series .interval{stroke:var(--series);stroke-width:6;opacity:.3;stroke-dasharray:none!important}
${dashes}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:.3rem 0 0;font-size:.82rem;color:var(--muted)}
.legend svg{vertical-align:-1px}
details>summary{cursor:pointer;font-weight:600;font-size:.9rem}
details>summary>h4{display:inline;margin-right:.5rem}
details>summary .muted{font-weight:400}
details.part>.evidence{padding-top:.3rem}
details[open]>summary{margin-bottom:.6rem}
.texts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem .8rem;margin-top:.4rem;font-size:.85rem}
.texts dt{color:var(--muted)}
.texts dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
mark{background:var(--fail-back);color:var(--fail-text);border-radius:3px;padding:0 .15em;text-decoration:underline}
.side-by-side{display:grid;grid-template-columns:minmax(0,1fr);gap:.7rem;padding:1rem 1.1rem;border:1px solid var(--line);border-radius:10px}
.side-by-side .prompt{font-size:.88rem}
.side-by-side .prompt .muted{margin-right:.5rem}
.side-by-side .scroll{margin:0 -1.1rem}
.side-by-side table{width:auto;min-width:min(100%,30rem)}
.side-by-side th:first-child{padding-left:1.1rem!important}
.side-by-side tbody th{font-weight:500;color:var(--muted);white-space:nowrap}
.sequence th,.sequence td{padding:.25rem .3rem;border-top:0;text-align:center;vertical-align:middle}
.sequence th:first-child{text-align:left;padding-right:.9rem}
.sequence .focus{background:var(--code-back)}
.sequence thead .focus{color:var(--text);font-weight:700;border-radius:6px 6px 0 0}
.token{display:inline-block;white-space:pre;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.85em;line-height:1.5;padding:0 .15em;min-width:1.2em;border-radius:4px;background:var(--code-back);border:1px solid var(--line)}
.prompt .token{padding:0;min-width:0;border-width:0 0 1px;border-radius:0;margin:0 1px 2px}
.focus .token{background:var(--panel)}
.token.differs{background:var(--fail-back);color:var(--fail-text);border-color:currentcolor;font-weight:600}
.candidates tbody th,.candidates td{vertical-align:middle;padding-top:.2rem;padding-bottom:.2rem}
.candidates svg{width:9rem;height:.7rem;vertical-align:-1px;margin-right:.5rem}
.candidates .track{fill:var(--code-back)}
.candidates .chosen{font-weight:600}
.candidates .reference{fill:var(--s0)}
.candidates .device{fill:var(--s1)}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:1rem}
.picture{display:grid;grid-template-columns:minmax(0,13rem) minmax(0,1fr);gap:.9rem;max-width:none;padding:1rem;border:1px solid var(--line);border-radius:10px}
.picture figcaption{display:grid;grid-template-columns:minmax(0,1fr);align-content:start;gap:.6rem;margin:0;font-weight:400}
.photo{display:block;width:100%;height:auto;background:#fff;border-radius:4px}
.small-photo image{image-rendering:pixelated}
/* Over a picture, which is the same by day and by night: the truth a broad band, the reference a line in it, the device dashes on that. */
.box{--box:#0072b2}
.box.device{--box:#d55e00}
.box.truth{--box:#00a878}
.box rect{fill:none;vector-effect:non-scaling-stroke}
.box .halo{stroke:#fff;stroke-width:4;opacity:.9}
.box.device:not(.alone) .halo{stroke:none}
.box .line{stroke:var(--box);stroke-width:2}
.box.device .line{stroke-dasharray:6 5}
.box.truth .line{stroke-width:8;opacity:.55}
.box.alone:not(.truth) .line{stroke-width:3.2}
.box.alone .halo{stroke-width:5.6}
.box text{fill:#111;font-weight:600;font-family:inherit;paint-order:stroke;stroke:#fff;stroke-width:.3em;stroke-linejoin:round}
footer{padding:2.5rem 0;color:var(--muted);font-size:.85rem}
@media (max-width:600px){
.picture{grid-template-columns:minmax(0,1fr)}
.candidates svg{width:3.5rem}
.wrap{padding:0 .8rem}
.verdict{padding:1.1rem}
.verdict h1{font-size:1.5rem}
.unit>header,.unit>.part{padding:1rem}
:is(.part,.shape,.shape>details)>.scroll{margin:0 -1rem}
:is(.part,.shape,.shape>details)>.scroll tr>:first-child:not(.metric){padding-left:1rem}
th,td{padding:.45rem .6rem}
.matrix td{min-width:7.5rem}
}
@media print{
body{background:#fff;font-size:11px}
.wrap{max-width:none;padding:0}
button,.skip-link{display:none}
.scroll{overflow:visible}
.panel,.verdict{border-radius:0}
figure,tr,.attention li,.unit>header{break-inside:avoid}
h2,h3,h4{break-after:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`
