/** Which way each metric that two results are held against each other by is better. The metrics of a benchmark: src/benchmarks. */
import { amount, type Direction, metricOf, time, told } from '../benchmarks/index.ts'

export type { Direction } from '../benchmarks/index.ts'

/** Single figures of any point or unit, without samples. Those that vary from run to run are not told. */
const FIGURES = {
  peakMemoryBytes: told(amount('peak memory')),
  weightBytes: told(amount('the size of the weights')),
  outsideDeviceShare: amount('the share of a step outside the device'),
  loadMs: time('loading the model'),
} as const satisfies Readonly<Record<string, Direction>>

/** Null for a metric that no table has: it is shown, and nothing is said of it. */
export function directionOf(metric: string): Direction | null {
  return metricOf(metric) ?? ANY.get(metric) ?? null
}

const ANY: ReadonlyMap<string, Direction> = new Map(Object.entries(FIGURES))

/**
 * How much worse b is than a, as a share of a: 0.071 for 7.1 % slower, negative where it is better. `ratio` is b over a.
 * A time that doubles is 100 % worse; a rate that halves is 50 % worse.
 */
export function loss({ better }: Pick<Direction, 'better'>, ratio: number): number {
  return better === 'lower' ? ratio - 1 : 1 - ratio
}
