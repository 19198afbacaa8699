/** What a reader chooses between: the devices and precisions in which a model ran, each with what it costs and brings. */
import type { ResultDocument, UnitResult } from '../events/result.ts'
import { formatBytes, formatColumn, formatNumber, formatShare, NOTHING } from './format.ts'

export interface AlternativeRow {
  readonly device: string
  readonly precision: string
  /** Of all logits against the reference. */
  readonly relL2: number | null
  readonly klNatsMean: number | null
  readonly top1: number | null
  readonly perplexity: number | null
  /** Above the reference's where positive. */
  readonly perplexityChange: number | null
  readonly weightBytes: number | null
  /** Median of one user at the smallest batch that was measured, ms. */
  readonly ttftMs: number | null
  /** Decode, of one user at the smallest batch that was measured. */
  readonly tokensPerSecond: number | null
}

export interface AlternativesTable {
  readonly model: string
  readonly rows: readonly AlternativeRow[]
}

/** What a table shows beside device and precision: two lines of a head, of which the first may be empty. */
export const ALTERNATIVE_HEADS: readonly (readonly [over: string, head: string])[] = [
  ['error', 'rel. L2'],
  ['KL', 'nats'],
  ['top-1', 'agrees'],
  ['', 'perplexity'],
  ['', 'change'],
  ['', 'size'],
  ['TTFT', 'ms'],
  ['decode', 'tokens/s'],
]

/** The cells of a table: a row for each alternative, a column for each head. */
export function alternativeCells(rows: readonly AlternativeRow[]): string[][] {
  const column = (of: (row: AlternativeRow) => number | null) => formatColumn(rows.map(of))
  const perplexity = column(row => row.perplexity)
  const ttft = column(row => row.ttftMs)
  const speed = column(row => row.tokensPerSecond)
  return rows.map((row, at) => [
    formatNumber(row.relL2, 3),
    formatNumber(row.klNatsMean, 3),
    formatShare(row.top1),
    perplexity[at] ?? NOTHING,
    `${row.perplexityChange !== null && row.perplexityChange > 0 ? '+' : ''}${formatNumber(row.perplexityChange, 3)}`,
    formatBytes(row.weightBytes),
    ttft[at] ?? NOTHING,
    speed[at] ?? NOTHING,
  ])
}

/** A table for each model that ran on more than one device or in more than one precision; devices of one precision stand together. */
export function alternativesTables({ units }: Pick<ResultDocument, 'units'>): AlternativesTable[] {
  const ran = units.filter(unit => unit.category === 'llm' && unit.weightBytes !== null)
  return [...Map.groupBy(ran, ({ model }) => model)].flatMap(([model, own]) => {
    const byPrecision = [...Map.groupBy(own, ({ precision }) => precision).values()].flat()
    return own.length < 2 ? [] : [{ model, rows: byPrecision.map(rowOf) }]
  })
}

function rowOf(unit: UnitResult): AlternativeRow {
  const metric = (check: string, name: string) => unit.checks.find(one => one.name === check)?.metrics[name] ?? null
  const [perplexity, reference] = [metric('perplexity', 'perplexity'), metric('perplexity', 'referencePerplexity')]
  return {
    device: unit.device,
    precision: unit.precision,
    relL2: metric('logits-parity', 'relL2'),
    klNatsMean: metric('logits-parity', 'klNatsMean'),
    top1: metric('logits-parity', 'top1'),
    perplexity,
    perplexityChange: perplexity === null || reference === null ? null : perplexity - reference,
    weightBytes: unit.weightBytes,
    ttftMs: smallestBatch(unit, 'ttftMs'),
    tokensPerSecond: smallestBatch(unit, 'tokensPerSecondPerUser'),
  }
}

function smallestBatch({ benchmarks }: UnitResult, metric: string): number | null {
  const points = benchmarks.find(({ name }) => name === 'generation')?.points ?? []
  const [first] = points.toSorted((a, b) => a.batch - b.batch)
  return first?.metrics[metric]?.median ?? null
}
