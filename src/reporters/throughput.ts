/** All models of a run beside each other: how their throughput grows with the batch, and how much of the device's arithmetic they reach. */
import { BENCHMARKS, kindOf } from '../benchmarks/index.ts'
import type { BenchmarkPoint, PhaseRoofline, ResultDocument, UnitResult } from '../events/result.ts'
import { byShape, shapeName } from '../events/shape.ts'
import { formatColumn, formatShare, NOTHING } from './format.ts'

/** A benchmark of one unit, at one shape. */
export interface Measured {
  readonly unit: UnitResult
  /** By what it differs from the others: `zoo/resnet, ort:cpu, fp16`. */
  readonly name: string
  readonly points: readonly BenchmarkPoint[]
}

/** What was measured of each kind of benchmark that more than one unit has, in the run's order. */
export function sharedBenchmarks({ units }: Pick<ResultDocument, 'units'>): { benchmark: string; all: Measured[] }[] {
  return Object.keys(BENCHMARKS).flatMap(benchmark => {
    const { throughput } = kindOf(benchmark)
    const own = units.flatMap(unit =>
      unit.benchmarks
        .filter(({ name }) => name === benchmark)
        .flatMap(({ points }) =>
          byShape(points.filter(({ metrics }) => metrics[throughput])).map(each => ({ unit, ...each })),
        ),
    )
    if (new Set(own.map(({ unit }) => unit)).size < 2) return []
    const parts = own.map(({ unit, shape }) => [unit.model, unit.device, unit.precision, shapeName(benchmark, shape)])
    // What is the same everywhere tells nothing apart; models always have their name.
    const differs = [0, 1, 2, 3].map(at => at === 0 || new Set(parts.map(part => part[at])).size > 1)
    const all = own.map(({ unit, points }, at) => ({
      unit,
      points,
      name: (parts[at] ?? []).filter((_, part) => differs[part]).join(', '),
    }))
    return [{ benchmark, all }]
  })
}

export interface EfficiencyRow {
  readonly name: string
  readonly batch: number
  readonly throughput: number
  /** Of the arithmetic and of the bandwidth measured on the device, over the whole of a point; null where those are not known. */
  readonly mfu: number | null
  readonly mbu: number | null
  /** Of the phase that takes longest. */
  readonly bound: PhaseRoofline['bound']
}

export interface EfficiencyTable {
  readonly benchmark: string
  readonly rows: readonly EfficiencyRow[]
}

/**
 * Of each kind of benchmark that more than one unit has, every unit at the batch that gives most, by the share of the measured
 * arithmetic that it reaches; those of which it is not known last. None where it is known of no unit.
 */
export function efficiencyTables(result: Pick<ResultDocument, 'units'>): EfficiencyTable[] {
  return sharedBenchmarks(result).flatMap(({ benchmark, all }) => {
    const rows = all.flatMap(measured => rowOf(benchmark, measured) ?? [])
    const ranked = rows.toSorted((one, other) => (other.mfu ?? -1) - (one.mfu ?? -1))
    return rows.some(({ mfu }) => mfu !== null) ? [{ benchmark, rows: ranked }] : []
  })
}

function rowOf(benchmark: string, { name, points }: Measured): EfficiencyRow | null {
  const { throughput } = kindOf(benchmark)
  const rate = (point: BenchmarkPoint) => point.metrics[throughput]?.median ?? 0
  const [best] = points.toSorted((one, other) => rate(other) - rate(one))
  if (best === undefined) return null
  const phases = Object.values(best.roofline)
  const [longest] = phases.toSorted((one, other) => other.ms - one.ms)
  return {
    ...{ name, batch: best.batch, throughput: rate(best), bound: longest?.bound ?? null },
    mfu: wholeShare(phases, ({ mfu }) => mfu),
    mbu: wholeShare(phases, ({ mbu }) => mbu),
  }
}

/** Of all phases together: each share weighs as long as its phase takes. */
function wholeShare(phases: readonly PhaseRoofline[], of: (phase: PhaseRoofline) => number | null): number | null {
  let [sum, ms] = [0, 0]
  for (const phase of phases) {
    const share = of(phase)
    if (share === null) return null
    sum += share * phase.ms
    ms += phase.ms
  }
  return ms > 0 ? sum / ms : null
}

/** The heads of a table's columns beside rank and name, in two lines. */
export function efficiencyHeads(benchmark: string): readonly (readonly [over: string, head: string])[] {
  return [
    ['best', 'batch'],
    ['', kindOf(benchmark).unit],
    ['of measured', 'arithmetic'],
    ['of measured', 'bandwidth'],
    ['', 'bound by'],
  ]
}

/** The cells of a table: a row for each unit, a column for each head. */
export function efficiencyCells(rows: readonly EfficiencyRow[]): string[][] {
  const rates = formatColumn(rows.map(({ throughput }) => throughput))
  return rows.map(({ batch, mfu, mbu, bound }, at) => [
    String(batch),
    rates[at] ?? NOTHING,
    formatShare(mfu),
    formatShare(mbu),
    bound ?? NOTHING,
  ])
}
