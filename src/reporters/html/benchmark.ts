/** A benchmark: for each shape where throughput ends, its table and its targets, and how throughput, first token and later tokens behave. */
import { headAndUnit, kindOf } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, BenchmarkResult, DeviceCeilings, TargetResult } from '../../events/result.ts'
import { byShape, type Shape, shapeKey, shapeName } from '../../events/shape.ts'
import { columnCells } from '../columns.ts'
import {
  formatBytes,
  formatCount,
  formatMeasured,
  formatMetric,
  formatShare,
  formatThreshold,
  metricLabel,
  NOTHING,
  plural,
} from '../format.ts'
import { ceilingsText, saturationSentence } from '../saturation.ts'
import { badge, scrolling } from './badge.ts'
import { benchmarkCharts } from './benchmark-charts.ts'
import { type Html, html } from './markup.ts'
import { workTable } from './work-table.ts'

export function benchmarkPart(benchmark: BenchmarkResult, ceilings: DeviceCeilings | null): Html {
  const shapes = byShape(benchmark.points)
  return html`<section class="part ${benchmark.status}">
    <div class="title"><h4>Benchmark: ${benchmark.name}</h4>${badge(benchmark.status)}<span class="muted small">${aside(benchmark, ceilings)}</span></div>
    ${benchmark.reason === null ? null : html`<p class="explain reason">${benchmark.reason}</p>`}
    ${shapes.map(({ shape, points }) => shapePart(benchmark, shape, points, shapes.length > 1, ceilings))}
    <div class="charts">${benchmarkCharts(benchmark)}</div>
  </section>`
}

/** The shape where it is one, how many samples there are, and the device's limits. */
function aside({ name, points }: BenchmarkResult, ceilings: DeviceCeilings | null): string {
  const shapes = byShape(points)
  const samples = Math.max(0, ...points.map(point => point.metrics[kindOf(name).latency.metric]?.count ?? 0))
  const limits = ceilings === null ? null : ceilingsText(ceilings)
  return [
    shapes.length === 1 && shapes[0] ? shapeName(name, shapes[0].shape) : plural(shapes.length, 'shape'),
    samples > 0 ? `up to ${plural(samples, 'sample')} a point` : '',
    limits === null ? '' : `measured on the device: ${limits}`,
  ]
    .filter(text => text !== '')
    .join(' · ')
}

function shapePart(
  { name, saturation }: BenchmarkResult,
  shape: Shape,
  points: readonly BenchmarkPoint[],
  isOneOfSeveral: boolean,
  ceilings: DeviceCeilings | null,
): Html {
  const own = saturation.find(each => shapeKey(each.shape) === shapeKey(shape))
  return html`<div class="shape">
    ${isOneOfSeveral ? html`<h5>${shapeName(name, shape)}</h5>` : null}
    ${own === undefined ? null : html`<p class="saturation">${saturationSentence(name, own, ceilings)}</p>`}
    ${scrolling(`Benchmark ${name}, ${shapeName(name, shape)}`, pointsTable(name, points))}
    ${targets(points)}
    ${workTable(name, shape, points)}
  </div>`
}

/** Figures with a place of their own. */
const PLACED = new Set(['peakMemoryBytes', 'peakMemoryShare', 'neededBytes', 'availableBytes', 'prefillPassTokens'])

function pointsTable(benchmark: string, points: readonly BenchmarkPoint[]): Html {
  const kind = kindOf(benchmark)
  // What only this kind has stands in its columns.
  const isPlaced = (name: string) => PLACED.has(name) || kind.columns.some(({ figure }) => figure === name)
  const figures = [...new Set(points.flatMap(point => Object.keys(point.figures)))].filter(name => !isPlaced(name))
  const columns: readonly (readonly [head: string, unit: string, cells: readonly string[]])[] = [
    ...kind.columns.map(column => [...headAndUnit(column), columnCells(column, points)] as const),
    ['peak memory', '', points.map(point => formatBytes(point.figures['peakMemoryBytes']))],
    ['of the device', '', points.map(point => formatShare(point.figures['peakMemoryShare']))],
    ...figures.map(
      name => [metricLabel(name), '', points.map(point => formatMetric(name, point.figures[name]))] as const,
    ),
  ]
  return html`<table>
    <thead><tr><th scope="col" class="number">Batch</th><th scope="col">Verdict</th>${columns.map(([head, unit]) => html`<th scope="col" class="number">${head}<br>${unit}</th>`)}<th scope="col" title="${kind.audit.asks}">Audit</th></tr></thead>
    <tbody>${points.map((point, row) =>
      point.status === 'error' || point.status === 'skip'
        ? html`<tr><th scope="row" class="number">${point.batch}</th><td>${badge(point.status)}</td><td class="small" colspan="${columns.length + 1}">${unmeasured(point)}</td></tr>`
        : html`<tr><th scope="row" class="number">${point.batch}</th><td>${badge(point.status)}</td>${columns.map(([, , cells]) => html`<td class="number">${cells[row] ?? ''}</td>`)}<td class="small">${audit(kind.audit.noun, point)}</td></tr>`,
    )}</tbody>
  </table>`
}

/** Why a point has no figures, and what it would have needed. */
function unmeasured({ reason, figures: { neededBytes, availableBytes } }: BenchmarkPoint): Html {
  const room =
    neededBytes === undefined || availableBytes === null
      ? null
      : html` <span class="muted">(needs ${formatBytes(neededBytes)} at least, of ${formatBytes(availableBytes)})</span>`
  return html`${reason ?? 'not measured'}${room}`
}

/** Whether what was timed was right: a fast wrong answer is no result. */
function audit(noun: string, { audit: { status, reason, outputs, disagreements } }: BenchmarkPoint): Html {
  if (status === 'pass')
    return html`<span class="nowrap" title="${plural(outputs, noun)}, all right">✓ ${formatCount(outputs)}</span>`
  return html`${badge(status)} ${reason ?? `${formatCount(disagreements)} of ${plural(outputs, noun)} differ`}`
}

function targets(points: readonly BenchmarkPoint[]): Html | null {
  const names = [...new Set(points.flatMap(point => point.targets.map(target => target.metric)))]
  if (names.length === 0) return null
  const cell = (target: TargetResult | undefined) => {
    if (target === undefined) return html`<td class="number muted">${NOTHING}</td>`
    if (target.met === null) return html`<td class="number muted">not measured</td>`
    // The limit beside it has the unit.
    const text = formatMeasured(target.metric, target.value, target).replace(/ (ms|[a-z]+\/s)$/, '')
    if (target.met) return html`<td class="number">${text} <span aria-label="met">✓</span></td>`
    return html`<td class="number${target.enforced ? ' unmet' : ''}">${text} <span aria-label="missed">✗</span></td>`
  }
  return html`${scrolling(
    'Targets',
    html`<table>
      <thead><tr><th scope="col">Target</th><th scope="col">Limit</th><th scope="col">Weight</th>${points.map(point => html`<th scope="col" class="number">batch ${point.batch}</th>`)}</tr></thead>
      <tbody>${names.map(name => {
        const own = points.map(point => point.targets.find(target => target.metric === name))
        const [known] = own.filter(target => target !== undefined)
        return html`<tr><th scope="row">${metricLabel(name)}</th><td class="nowrap">${known === undefined ? '' : formatThreshold(name, known)}</td><td class="muted nowrap">${known?.enforced ? 'enforced' : 'for information'}</td>${own.map(cell)}</tr>`
      })}</tbody>
    </table>`,
  )}`
}
