/** A benchmark: its table, its targets, and how throughput, first token and later tokens behave. */
import type { BenchmarkPoint, BenchmarkResult, Summary, TargetResult } from '../../events/result.ts'
import {
  formatBytes,
  formatColumn,
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
import { badge, scrolling } from './badge.ts'
import { type LineChart, legend, lineChart } from './chart.ts'
import { type Html, html } from './markup.ts'
import { thin } from './scale.ts'

/** Curves that can still be told apart. */
const CURVES = 6

export function benchmarkPart(benchmark: BenchmarkResult): Html {
  const [first] = benchmark.points
  const samples = Math.max(0, ...benchmark.points.map(point => point.metrics['ttftMs']?.count ?? 0))
  return html`<section class="part ${benchmark.status}">
    <div class="title"><h4>Benchmark: ${benchmark.name}</h4>${badge(benchmark.status)}<span class="muted small">${
      first === undefined
        ? ''
        : `${formatCount(first.inputTokens)} tokens in, ${formatCount(first.outputTokens)} out${samples > 0 ? ` · up to ${plural(samples, 'sample')} a point` : ''}${benchmark.saturationBatch === null ? '' : ` · throughput stops growing at batch ${benchmark.saturationBatch}`}`
    }</span></div>
    ${benchmark.reason === null ? null : html`<p class="explain reason">${benchmark.reason}</p>`}
    ${scrolling(`Benchmark ${benchmark.name}`, pointsTable(benchmark))}
    ${targets(benchmark)}
    <div class="charts">${[throughputChart(benchmark), firstTokenChart(benchmark), latencyCurve(benchmark)].map(draw)}</div>
  </section>`
}

const MEMORY = new Set(['peakMemoryBytes', 'peakMemoryShare'])

function pointsTable({ points }: BenchmarkResult): Html {
  const figures = [...new Set(points.flatMap(point => Object.keys(point.figures)))].filter(name => !MEMORY.has(name))
  const columns: readonly (readonly [head: string, unit: string, cells: readonly string[]])[] = [
    ['TTFT p50', 'ms', formatColumn(points.map(point => point.metrics['ttftMs']?.p50))],
    ['TTFT p95', 'ms', formatColumn(points.map(point => point.metrics['ttftMs']?.p95))],
    ['ITL p50', 'ms', formatColumn(points.map(point => point.metrics['itlMs']?.p50))],
    ['TPOT', 'ms', formatColumn(points.map(point => point.metrics['tpotMs']?.median))],
    ['per user', 'tokens/s', formatColumn(points.map(point => point.metrics['tokensPerSecondPerUser']?.median))],
    ['in all', 'tokens/s', formatColumn(points.map(point => point.metrics['tokensPerSecond']?.median))],
    ['peak memory', '', points.map(point => formatBytes(point.figures['peakMemoryBytes']))],
    ['of the device', '', points.map(point => formatShare(point.figures['peakMemoryShare']))],
    ...figures.map(
      name => [metricLabel(name), '', points.map(point => formatMetric(name, point.figures[name]))] as const,
    ),
  ]
  return html`<table>
    <thead><tr><th scope="col" class="number">Batch</th><th scope="col">Verdict</th>${columns.map(([head, unit]) => html`<th scope="col" class="number">${head}<br>${unit}</th>`)}<th scope="col" title="Whether the timed tokens are those that the reference would have chosen">Audit</th></tr></thead>
    <tbody>${points.map(
      (point, row) =>
        html`<tr><th scope="row" class="number">${point.batch}</th><td>${badge(point.status)}</td>${columns.map(([, , cells]) => html`<td class="number">${cells[row] ?? ''}</td>`)}<td class="small">${audit(point)}</td></tr>`,
    )}</tbody>
  </table>`
}

/** Whether what was timed was right: a fast wrong answer is no result. */
function audit({ audit: { status, reason, tokens, disagreements } }: BenchmarkPoint): Html {
  if (status === 'pass')
    return html`<span class="nowrap" title="${plural(tokens, 'token')}, all right">✓ ${formatCount(tokens)}</span>`
  return html`${badge(status)} ${reason ?? `${formatCount(disagreements)} of ${plural(tokens, 'token')} differ`}`
}

function targets({ points }: BenchmarkResult): Html | null {
  const names = [...new Set(points.flatMap(point => point.targets.map(target => target.metric)))]
  if (names.length === 0) return null
  const cell = (target: TargetResult | undefined) => {
    if (target === undefined) return html`<td class="number muted">${NOTHING}</td>`
    if (target.met === null) return html`<td class="number muted">not measured</td>`
    // The limit beside it has the unit.
    const text = formatMeasured(target.metric, target.value, target).replace(/ (ms|tokens\/s)$/, '')
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

interface Figure {
  readonly caption: string
  readonly chart: LineChart
}

function draw(figure: Figure | null): Html | null {
  if (figure === null) return null
  return html`<figure><figcaption>${figure.caption}</figcaption>${lineChart(figure.chart)}${legend(figure.chart.series)}</figure>`
}

/** A summary of each point as a curve over the batch size. */
function curve(
  points: readonly BenchmarkPoint[],
  metric: string,
  unit: string,
  of: (summary: Summary) => number | null,
) {
  return points.flatMap(point => {
    const summary = point.metrics[metric]
    const y = summary && of(summary)
    if (!summary || y === null || y === undefined) return []
    return [
      {
        x: point.batch,
        y,
        title: `batch ${point.batch}: ${formatNumber(y)} ${unit} (${plural(summary.count, 'sample')})`,
        summary,
      },
    ]
  })
}

function throughputChart({ name, points, saturationBatch }: BenchmarkResult): Figure | null {
  const measured = curve(points, 'tokensPerSecond', 'tokens/s', summary => summary.median).map(
    ({ summary, ...point }) => ({
      ...point,
      low: summary.medianInterval[0],
      high: summary.medianInterval[1],
    }),
  )
  if (measured.length === 0) return null
  return {
    caption: 'Throughput',
    chart: {
      description: `Throughput of ${name} against batch size, from ${formatNumber(measured[0]?.y)} to ${formatNumber(measured.at(-1)?.y)} tokens per second`,
      x: { label: 'batch size', isLogarithmic: true },
      y: { label: 'tokens/s in all, median and its 95 % interval' },
      series: [{ name: 'throughput', points: measured }],
      mark: saturationBatch === null ? undefined : { x: saturationBatch, label: `saturates at ${saturationBatch}` },
    },
  }
}

function firstTokenChart({ name, points }: BenchmarkResult): Figure | null {
  const series = [
    { name: 'p50', points: curve(points, 'ttftMs', 'ms', summary => summary.p50) },
    { name: 'p95', points: curve(points, 'ttftMs', 'ms', summary => summary.p95) },
  ].filter(each => each.points.length > 0)
  if (series.length === 0) return null
  const target = points.flatMap(point => point.targets).find(({ metric }) => metric.startsWith('ttftMs'))
  return {
    caption: 'Time to first token',
    chart: {
      description: `Time to first token of ${name} against batch size`,
      x: { label: 'batch size', isLogarithmic: true },
      y: { label: series.length === 1 ? 'TTFT p50, ms' : 'TTFT, ms' },
      series,
      limit: target && { y: target.limit, label: `target ${formatThreshold('ttftMs', target)}` },
    },
  }
}

function latencyCurve({ name, points }: BenchmarkResult): Figure | null {
  const measured = points.filter(point => point.tokenLatencyMs.length > 1)
  if (measured.length === 0) return null
  return {
    caption: 'Latency of each token',
    chart: {
      description: `Median gap between tokens of ${name} against their position, a curve for each batch size`,
      x: { label: 'position of the output token', isLogarithmic: false },
      y: { label: 'ITL, ms, median over repetitions' },
      series: thin(measured, CURVES).map(point => ({
        name: `batch ${point.batch}`,
        points: point.tokenLatencyMs.map((y, index) => ({
          x: index + 2,
          y,
          title: `batch ${point.batch}, token ${index + 2}: ${formatNumber(y)} ms`,
        })),
      })),
    },
  }
}
