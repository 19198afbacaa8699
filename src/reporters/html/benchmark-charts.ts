/** How throughput, first token and later tokens behave over the points of a benchmark. */
import { kindOf } from '../../benchmarks/index.ts'
import type { BenchmarkPoint, BenchmarkResult, Summary } from '../../events/result.ts'
import { byShape, pointName, shapeName } from '../../events/shape.ts'
import { formatNumber, formatThreshold, plural } from '../format.ts'
import { type LineChart, legend, lineChart, type Series } from './chart.ts'
import { type Html, html } from './markup.ts'
import { thin } from './scale.ts'

/** Curves that can still be told apart. */
const CURVES = 6

/** Throughput and the latency that a user waits for against the batch, a line for each shape, and the latency of each token. */
export function benchmarkCharts(benchmark: BenchmarkResult): readonly (Html | null)[] {
  return [throughputChart(benchmark), latencyChart(benchmark), latencyCurve(benchmark)].map(draw)
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
  const { throughput, unit, unitInFull } = kindOf(name)
  const series = lines(name, points, own =>
    curve(own, throughput, unit, summary => summary.median).map(({ summary, ...point }) => ({
      ...point,
      low: summary.medianInterval[0],
      high: summary.medianInterval[1],
    })),
  )
  const rates = series.flatMap(each => each.points.map(({ y }) => y))
  if (rates.length === 0) return null
  return {
    caption: 'Throughput',
    chart: {
      description: `Throughput of ${name} against batch size, from ${formatNumber(Math.min(...rates))} to ${formatNumber(Math.max(...rates))} ${unitInFull}`,
      x: { label: 'batch size', isLogarithmic: true },
      y: { label: `${unit} in all, median and its 95 % interval` },
      series,
      mark: saturationBatch === null ? undefined : { x: saturationBatch, label: `saturates at ${saturationBatch}` },
    },
  }
}

/** A line for each shape, thinned out to what can be told apart. */
function lines(
  benchmark: string,
  points: readonly BenchmarkPoint[],
  of: (own: readonly BenchmarkPoint[]) => Series['points'],
): Series[] {
  const shapes = byShape(points).map(({ shape, points: own }) => ({
    name: shapeName(benchmark, shape),
    points: of(own),
  }))
  return thin(
    shapes.filter(({ points: own }) => own.length > 0),
    CURVES,
  )
}

function latencyChart({ name, points }: BenchmarkResult): Figure | null {
  const { metric, caption, label } = kindOf(name).latency
  const quantile = (of: 'p50' | 'p95') =>
    lines(name, points, own => curve(own, metric, 'ms', summary => summary[of])).map(line => ({ ...line, of }))
  const median = quantile('p50')
  // Two lines of one shape are told apart by the quantile, lines of several shapes by the shape.
  const all = median.length === 1 ? [...median, ...quantile('p95')].map(line => ({ ...line, name: line.of })) : median
  if (all.length === 0) return null
  const target = points.flatMap(point => point.targets).find(one => one.metric.startsWith(metric))
  const isMedianAlone = all.every(({ of }) => of === 'p50')
  return {
    caption,
    chart: {
      description: `${caption} of ${name} against batch size`,
      x: { label: 'batch size', isLogarithmic: true },
      y: { label: isMedianAlone ? `${label} p50, ms` : `${label}, ms` },
      series: all,
      limit: target && { y: target.limit, label: `target ${formatThreshold(metric, target)}` },
    },
  }
}

function latencyCurve({ name, points }: BenchmarkResult): Figure | null {
  const measured = points.filter(point => point.tokenLatencyMs.length > 1)
  if (measured.length === 0) return null
  return {
    caption: 'Latency of each token',
    chart: {
      description: `Median gap between tokens of ${name} against their position, a curve for each point`,
      x: { label: 'position of the output token', isLogarithmic: false },
      y: { label: 'ITL, ms, median over repetitions' },
      series: thin(measured, CURVES).map(point => ({
        name: pointName(name, point, points),
        points: point.tokenLatencyMs.map((y, index) => ({
          x: index + 2,
          y,
          title: `${pointName(name, point, points)}, token ${index + 2}: ${formatNumber(y)} ms`,
        })),
      })),
    },
  }
}
