/** The HTML report: one file that needs no network, no fonts and no scripts but its own few lines. */
import { createHash } from 'node:crypto'
import type { ResultDocument, UnitResult } from '../../events/result.ts'
import type { Reporter } from '../reporter.ts'
import { alternativesSection } from './alternatives.ts'
import { againSection, thresholdsSection, whereSection } from './appendix.ts'
import { embeddedJson, Html, html } from './markup.ts'
import { attentionSection, matrixSection, verdictSection } from './overview.ts'
import { STYLE } from './style.ts'
import { togetherSection } from './together.ts'
import { unitArticle } from './unit.ts'

export const htmlReport: Reporter = {
  name: 'html',
  extension: 'html',
  render: result => page(result).markup,
}

/** Without it the page is whole, in the system's scheme. */
const SCRIPT = `
const root = document.documentElement
const button = document.getElementById('theme')
const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
const show = () => { button.textContent = isDark() ? 'Light theme' : 'Dark theme' }
button.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; show() })
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show)
addEventListener('beforeprint', () => { for (const details of document.querySelectorAll('details')) details.open = true })
button.hidden = false
show()
`

/** Nothing is fetched, pictures are in the page, and only this script and this style count, whatever a model's name may hold. */
const POLICY = `default-src 'none'; img-src data:; style-src '${sha256(STYLE)}'; script-src '${sha256(SCRIPT)}'; base-uri 'none'; form-action 'none'`

function page(result: ResultDocument): Html {
  const anchors = new Map(result.units.map((unit, index) => [unit, `unit-${index + 1}`]))
  const anchorOf = (unit: UnitResult) => anchors.get(unit) ?? ''
  const deviceOf = (unit: UnitResult) => result.devices.find(device => device.id === unit.device)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${result.verdict.toUpperCase()} · ${result.plan} · Assay</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip-link" href="#matrix">Skip to the verdicts</a>
<div class="wrap">
<div class="top"><div class="brand">Assay <span>run report</span></div><button type="button" id="theme" hidden>Dark theme</button></div>
<main>
${verdictSection(result)}
${matrixSection(result, anchorOf)}
${attentionSection(result, anchorOf)}
${alternativesSection(result)}
${togetherSection(result)}
<section aria-labelledby="units"><h2 id="units">Units</h2>${result.units.map(unit => unitArticle(unit, anchorOf(unit), deviceOf(unit)))}</section>
${whereSection(result)}
${thresholdsSection(result)}
${againSection(result)}
</main>
<footer>Assay ${result.host.versions['assay'] ?? ''} · ${result.schema} · run ${result.run}</footer>
</div>
<script type="application/json" id="assay-result">${embeddedJson(result)}</script>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
