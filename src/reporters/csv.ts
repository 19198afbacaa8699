/** Every number of a run in one long table, a row each (RFC 4180): for spreadsheets, pandas and R. */
import type { BenchmarkPoint, CheckResult, Summary, UnitResult } from '../events/result.ts'
import { metricUnit } from './format.ts'
import type { Reporter } from './reporter.ts'

export const csv: Reporter = {
  name: 'csv',
  extension: 'csv',
  render: result =>
    [COLUMNS, ...result.units.flatMap(unit => unitRows(unit, result.run))]
      .map(row => `${row.map(cell).join(',')}\r\n`)
      .join(''),
}

const COLUMNS = [
  ...['run', 'model', 'device', 'precision', 'kind', 'name', 'point', 'metric', 'value', 'unit'],
  ...['comparison', 'threshold', 'status', 'reason'],
]

type Cell = string | number | null

/** What stands behind the columns that say which unit it is. */
interface Measurement {
  readonly metric: string
  readonly value: number | null
  readonly unit?: string
  readonly limit?: { readonly comparison: string; readonly limit: number } | undefined
}

type Judged = { readonly status: string; readonly reason: string | null }

function unitRows(unit: UnitResult, run: string): Cell[][] {
  const { model, device, precision } = unit
  const rows = (kind: string, name: string, point: string, of: Judged, measurements: readonly Measurement[]) =>
    measurements.map(({ metric, value, unit: own, limit }): Cell[] => [
      ...[run, model, device, precision, kind, name, point, metric, value, own ?? metricUnit(metric)],
      ...[limit?.comparison ?? null, limit?.limit ?? null, of.status, of.reason],
    ])
  return [
    // Also of a unit that has nothing else, since it could not be run.
    ...rows('unit', '', '', unit, [
      { metric: 'durationMs', value: unit.durationMs },
      { metric: 'loadMs', value: unit.loadMs },
    ]),
    ...unit.checks.flatMap(check => rows('check', check.name, '', check, checkMeasurements(check))),
    ...unit.benchmarks.flatMap(({ name, points }) =>
      points.flatMap(point => rows('benchmark', name, pointKey(point), point, pointMeasurements(point))),
    ),
  ]
}

/** A check that measured nothing has a row too: what it bounds, or else its number of samples. */
function checkMeasurements({ metrics, thresholds, samples }: CheckResult): Measurement[] {
  const names = new Set([...Object.keys(thresholds), ...Object.keys(metrics)])
  return [
    ...Array.from(names, metric => ({ metric, value: metrics[metric] ?? null, limit: thresholds[metric] })),
    { metric: 'samples', value: samples },
  ]
}

function pointMeasurements({ metrics, figures, targets }: BenchmarkPoint): Measurement[] {
  const summaries = Object.entries(metrics).flatMap(([metric, summary]) =>
    summary === null ? [] : summaryMeasurements(metric, summary),
  )
  const single = Object.entries(figures).map(([metric, value]) => ({ metric, value }))
  // A target that is shown for information judges nothing.
  const judged = targets
    .filter(target => target.enforced)
    .map(({ metric, value, ...limit }) => ({ metric, value, limit }))
  return [...judged, ...summaries, ...single]
}

function summaryMeasurements(metric: string, { medianInterval: [low, high], ...summary }: Summary): Measurement[] {
  const { count, ...statistics } = { ...summary, medianLow: low, medianHigh: high }
  return [
    { metric: `${metric}.count`, value: count, unit: '' },
    ...Object.entries(statistics).map(([name, value]) => ({ metric: `${metric}.${name}`, value })),
  ]
}

/** `batch=8 input=512 output=128`. */
function pointKey({ batch, shape }: BenchmarkPoint): string {
  return Object.entries({ batch, ...shape })
    .map(([axis, size]) => `${axis.replace(/Tokens$/, '')}=${size}`)
    .join(' ')
}

/**
 * A spreadsheet takes a text that begins so for a formula, some also in full width; an apostrophe before it shows the
 * text (OWASP, CSV Injection). Numbers are numbers.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

function cell(value: Cell): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
