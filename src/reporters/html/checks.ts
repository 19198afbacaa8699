/** A unit's checks: what was measured beside its threshold, whose source stands there where it is not met, then the evidence of each. */
import type { CheckResult, WorstElement } from '../../events/result.ts'
import { boundedMetrics } from '../bounded.ts'
import {
  formatCount,
  formatMeasured,
  formatMetric,
  formatNumber,
  formatShare,
  formatThreshold,
  metricLabel,
  NOTHING,
  plural,
} from '../format.ts'
import { badge, facts, scrolling } from './badge.ts'
import { casesTable, OPEN } from './cases.ts'
import { barChart } from './chart.ts'
import { type Html, html } from './markup.ts'
import { picturesPart } from './picture.ts'
import { sideBySidePart } from './side-by-side.ts'

export function checksPart(checks: readonly CheckResult[]): Html | null {
  if (checks.length === 0) return null
  return html`<section class="part"><h4>Checks</h4>${scrolling('Checks', checksTable(checks))}</section>
    ${checks.map(evidence)}`
}

function checksTable(checks: readonly CheckResult[]): Html {
  return html`<table>
    <thead><tr><th scope="col">Check</th><th scope="col">Verdict</th><th scope="col">Metric</th><th scope="col" class="number">Measured</th><th scope="col">Threshold</th></tr></thead>
    ${checks.map(checkRows)}
  </table>`
}

function checkRows(check: CheckResult): Html {
  const bounded = boundedMetrics(check)
  const height = Math.max(1, bounded.length)
  const head = html`<th scope="rowgroup" rowspan="${height}" class="nowrap">${check.name}<br><span class="muted small samples">${check.samples === 0 ? '' : plural(check.samples, 'sample')}</span></th><td rowspan="${height}">${badge(check.status)}</td>`
  if (bounded.length === 0) {
    return html`<tbody><tr>${head}<td colspan="3" class="muted">${check.reason ?? 'no threshold'}</td></tr></tbody>`
  }
  return html`<tbody>${bounded.map(({ metric, value, threshold, isMet }, index) => {
    const unmet = isMet === false
    return html`<tr>${index === 0 ? head : null}<td class="metric">${metricLabel(metric)}</td><td class="number${unmet ? ' unmet' : ''}">${formatMeasured(metric, value, threshold)}${unmet ? html` <span aria-label="not met">✗</span>` : null}</td><td title="${threshold.source}">${formatThreshold(metric, threshold)}${unmet ? html`<br><span class="source">${threshold.source}</span>` : null}</td></tr>`
  })}</tbody>`
}

/** What stands behind one check's verdict; nothing where its row said it all. Open where there is something to see. */
function evidence(check: CheckResult): Html | null {
  const others = Object.entries(check.metrics).filter(
    ([metric, value]) => !(metric in check.thresholds) && metric !== 'smallestDrop' && value !== null,
  )
  const chart = histogram(check)
  const isPlain = chart === null && check.cases.length === 0 && check.reason === null
  if (isPlain && others.length <= 2) return null
  const isOpen = check.status !== 'pass' || chart !== null
  return html`<details class="part ${check.status}"${isOpen ? OPEN : null}>
    <summary><h4>${check.name}</h4>${check.status === 'pass' ? null : badge(check.status)} <span class="muted small">${basis(check)}</span></summary>
    <div class="evidence">
      ${check.reason === null ? null : html`<p class="explain reason">${check.reason}</p>`}
      <div class="columns">
        <div class="evidence">${facts(
          'figures',
          others.map(([metric, value]) => [metricLabel(metric), formatMetric(metric, value)] as const),
        )}${check.worst === null ? null : worstElement(check.worst)}</div>
        ${chart}
      </div>
      ${sideBySidePart(check)}
      ${picturesPart(check)}
      ${casesTable(check)}
    </div>
  </details>`
}

/** What the verdict rests on. */
function basis({ reference, samples, smallestDrop, metrics }: CheckResult): string {
  const isShare = metrics['smallestDrop'] === undefined
  const drop = isShare ? formatShare(smallestDrop) : formatNumber(smallestDrop, 3)
  return [
    reference === null ? '' : `against ${reference}`,
    samples === 0 ? '' : plural(samples, 'sample'),
    smallestDrop === null ? '' : `a drop under ${drop} would not have shown`,
  ]
    .filter(part => part !== '')
    .join(' · ')
}

function worstElement(worst: WorstElement): Html {
  const difference = worst.reference === null || worst.device === null ? null : Math.abs(worst.device - worst.reference)
  return html`<p class="small"><span class="muted">Worst element</span><br><span class="code">${worst.output}[${worst.index.join(', ')}]</span> of case <span class="code">${worst.case}</span>: reference ${formatPrecise(worst.reference)}, device ${formatPrecise(worst.device)}${difference === null ? '' : `, off by ${formatNumber(difference, 3)}`}</p>`
}

/** Null where JSON had no word for it. */
/** Null is a value that is not finite, or one that a side does not have: a box that the other side alone found. */
const formatPrecise = (value: number | null): string => (value === null ? 'no finite number' : formatNumber(value))

function histogram({ name, histogram: errors }: CheckResult): Html | null {
  if (errors === null || errors.exponents.length + errors.zeros === 0) return null
  const bins = errors.exponents.map((exponent, index) => {
    const count = errors.counts[index] ?? 0
    return {
      label: `2^${exponent}`,
      count,
      title: `${plural(count, 'element')} with an error from ${formatNumber(2 ** exponent, 3)} up to ${formatNumber(2 ** (exponent + 1), 3)}`,
      isApart: false,
    }
  })
  const equal = {
    label: '0',
    count: errors.zeros,
    title: `${plural(errors.zeros, 'element')} exactly equal`,
    isApart: true,
  }
  const largest = errors.exponents.at(-1)
  return html`<figure><figcaption>How large the errors are</figcaption>${barChart({
    description: `Distribution of absolute errors of ${name}: ${formatCount(errors.zeros)} elements exactly equal, the largest error below ${largest === undefined ? NOTHING : formatNumber(2 ** (largest + 1), 3)}`,
    xLabel: 'absolute error (0: exactly equal)',
    bars: [equal, ...bins],
  })}</figure>`
}
