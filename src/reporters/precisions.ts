/** What each precision of a model costs and what it brings, on one device: error, perplexity, top-1, size, speed. */
import type { ResultDocument, UnitResult } from '../events/result.ts'
import { formatBytes, formatColumn, formatNumber, formatShare, NOTHING } from './format.ts'

export interface PrecisionRow {
  readonly precision: string
  /** Of all logits against the reference. */
  readonly relL2: number | null
  readonly klNatsMean: number | null
  readonly top1: number | null
  readonly perplexity: number | null
  /** Above the reference's where positive. */
  readonly perplexityChange: number | null
  readonly weightBytes: number | null
  /** Decode, of one user at the smallest batch that was measured. */
  readonly tokensPerSecond: number | null
}

export interface PrecisionTable {
  readonly model: string
  readonly device: string
  readonly rows: readonly PrecisionRow[]
}

/** What a table of precisions shows beside each: two lines of a head, of which the first may be empty. */
export const PRECISION_HEADS: readonly (readonly [over: string, head: string])[] = [
  ['error', 'rel. L2'],
  ['KL', 'nats'],
  ['top-1', 'agrees'],
  ['', 'perplexity'],
  ['', 'change'],
  ['', 'size'],
  ['decode', 'tokens/s'],
]

/** The cells of a table, a row for each precision and a column for each head. */
export function precisionCells(rows: readonly PrecisionRow[]): string[][] {
  const column = (of: (row: PrecisionRow) => number | null) => formatColumn(rows.map(of))
  const perplexity = column(row => row.perplexity)
  const speed = column(row => row.tokensPerSecond)
  return rows.map((row, at) => [
    formatNumber(row.relL2, 3),
    formatNumber(row.klNatsMean, 3),
    formatShare(row.top1),
    perplexity[at] ?? NOTHING,
    `${row.perplexityChange !== null && row.perplexityChange > 0 ? '+' : ''}${formatNumber(row.perplexityChange, 3)}`,
    formatBytes(row.weightBytes),
    speed[at] ?? NOTHING,
  ])
}

/** A table for each model on each device where more than one precision ran. */
export function precisionTables({ units }: Pick<ResultDocument, 'units'>): PrecisionTable[] {
  const ran = units.filter(unit => unit.category === 'llm' && unit.weightBytes !== null)
  return [...Map.groupBy(ran, ({ model, device }) => JSON.stringify([model, device])).values()].flatMap(own => {
    const [first] = own
    if (first === undefined || new Set(own.map(({ precision }) => precision)).size < 2) return []
    return [{ model: first.model, device: first.device, rows: own.map(rowOf) }]
  })
}

function rowOf(unit: UnitResult): PrecisionRow {
  const metric = (check: string, name: string) => unit.checks.find(one => one.name === check)?.metrics[name] ?? null
  const [perplexity, reference] = [metric('perplexity', 'perplexity'), metric('perplexity', 'referencePerplexity')]
  return {
    precision: unit.precision,
    relL2: metric('logits-parity', 'relL2'),
    klNatsMean: metric('logits-parity', 'klNatsMean'),
    top1: metric('logits-parity', 'top1'),
    perplexity,
    perplexityChange: perplexity === null || reference === null ? null : perplexity - reference,
    weightBytes: unit.weightBytes,
    tokensPerSecond: decodeRate(unit),
  }
}

function decodeRate({ benchmarks }: UnitResult): number | null {
  const points = benchmarks.find(({ name }) => name === 'generation')?.points ?? []
  const [first] = points.toSorted((a, b) => a.batch - b.batch)
  return first?.metrics['tokensPerSecondPerUser']?.median ?? null
}
