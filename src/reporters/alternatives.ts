/** What a reader chooses between: the devices and precisions in which a model ran, each with what it costs and brings. */
import type { ResultDocument, UnitResult } from '../events/result.ts'
import type { Category } from '../words.ts'
import { formatBytes, formatColumn, formatNumber, formatShare } from './format.ts'

/** A column beside device and precision. */
export interface AlternativeColumn {
  /** Two lines of a head, of which the first may be empty. */
  readonly head: readonly [over: string, head: string]
  /** Left out where there is little room. */
  readonly isWide: boolean
}

export interface AlternativeRow {
  readonly device: string
  readonly precision: string
  /** One for each column. */
  readonly cells: readonly string[]
}

export interface AlternativesTable {
  readonly model: string
  readonly columns: readonly AlternativeColumn[]
  readonly rows: readonly AlternativeRow[]
}

type Value = number | null

interface Column extends AlternativeColumn {
  of(unit: UnitResult): Value
  show(values: readonly Value[]): string[]
}

const each = (show: (value: Value) => string) => (values: readonly Value[]) => values.map(show)
const inThree = each(value => formatNumber(value, 3))
const shares = each(formatShare)
/** With its sign: what is gained and what is lost stand in one column. */
const signed = (show: (value: Value) => string) =>
  each(value => `${value !== null && value > 0 ? '+' : ''}${show(value)}`)

const column = (over: string, head: string, of: Column['of'], show: Column['show'] = formatColumn): Column => ({
  head: [over, head],
  isWide: false,
  of,
  show,
})
const wide = (one: Column): Column => ({ ...one, isWide: true })

/** Of all logits; of what an outputs-parity compares, where the model has no logits of its own. */
const relativeError = column(
  'error',
  'rel. L2',
  unit => metric('logits-parity', 'relL2')(unit) ?? metric('outputs-parity', 'relL2')(unit),
  inThree,
)
const size = column('', 'size', unit => unit.weightBytes, each(formatBytes))

/** By the models' category; columns in which no unit has a value are left out. */
const COLUMNS: Readonly<Record<Category, readonly Column[]>> = {
  llm: [
    relativeError,
    wide(column('KL', 'nats', metric('logits-parity', 'klNatsMean'), inThree)),
    column('top-1', 'agrees', metric('logits-parity', 'top1'), shares),
    column('', 'perplexity', metric('perplexity', 'perplexity')),
    wide(
      column(
        '',
        'change',
        change('perplexity', 'perplexity', 'referencePerplexity'),
        signed(v => formatNumber(v, 3)),
      ),
    ),
    size,
    column('TTFT', 'ms', atSmallestBatch('generation', 'ttftMs')),
    column('decode', 'tokens/s', atSmallestBatch('generation', 'tokensPerSecondPerUser')),
  ],
  vision: [
    relativeError,
    column('top-1', 'agrees', metric('accuracy-parity', 'agreement'), shares),
    column('top-1', 'right', metric('accuracy-parity', 'accuracy'), shares),
    wide(column('top-1', 'change', change('accuracy-parity', 'accuracy', 'referenceAccuracy'), signed(formatShare))),
    column('boxes', 'apart px', metric('detection-parity', 'coordinatePx'), inThree),
    column('', 'mAP', metric('map', 'map'), shares),
    wide(column('mAP', 'change', change('map', 'map', 'referenceMap'), signed(formatShare))),
    size,
    column('latency', 'ms', atSmallestBatch('inference', 'latencyMs')),
    column('best', 'images/s', best('inference', 'imagesPerSecond')),
  ],
  onnx: [],
}

/** A table for each model that ran on more than one device or in more than one precision; devices of one precision stand together. */
export function alternativesTables({ units }: Pick<ResultDocument, 'units'>): AlternativesTable[] {
  const ran = units.filter(unit => COLUMNS[unit.category].length > 0 && unit.weightBytes !== null)
  return [...Map.groupBy(ran, ({ model }) => model)].flatMap(([model, own]) => {
    const [first] = own
    if (first === undefined || own.length < 2) return []
    const byPrecision = [...Map.groupBy(own, ({ precision }) => precision).values()].flat()
    return [tableOf(model, COLUMNS[first.category], byPrecision)]
  })
}

function tableOf(model: string, all: readonly Column[], units: readonly UnitResult[]): AlternativesTable {
  const columns = all.flatMap(({ head, isWide, of, show }) => {
    const values = units.map(of)
    return values.every(value => value === null) ? [] : [{ head, isWide, cells: show(values) }]
  })
  return {
    model,
    columns: columns.map(({ head, isWide }) => ({ head, isWide })),
    rows: units.map(({ device, precision }, row) => ({
      device,
      precision,
      cells: columns.map(({ cells }) => cells[row] ?? ''),
    })),
  }
}

function metric(check: string, name: string): Column['of'] {
  return unit => unit.checks.find(one => one.name === check)?.metrics[name] ?? null
}

/** Above the reference's where positive. */
function change(check: string, name: string, reference: string): Column['of'] {
  return unit => {
    const [value, from] = [metric(check, name)(unit), metric(check, reference)(unit)]
    return value === null || from === null ? null : value - from
  }
}

/** The medians of a metric by batch, of the points that have it. */
function medians({ benchmarks }: UnitResult, benchmark: string, name: string): { batch: number; median: number }[] {
  const points = benchmarks.find(one => one.name === benchmark)?.points ?? []
  return points.flatMap(({ batch, metrics }) => {
    const median = metrics[name]?.median
    return median === undefined ? [] : [{ batch, median }]
  })
}

/** Of one user, as far as batch 1 was measured. */
function atSmallestBatch(benchmark: string, name: string): Column['of'] {
  return unit => medians(unit, benchmark, name).toSorted((a, b) => a.batch - b.batch)[0]?.median ?? null
}

function best(benchmark: string, name: string): Column['of'] {
  return unit => {
    const all = medians(unit, benchmark, name).map(({ median }) => median)
    return all.length === 0 ? null : Math.max(...all)
  }
}
