/** Every kind of benchmark by its name; a new one is a file here, a settings schema in `plan`, a folder in `runner/benchmark`, and a line in each map. */
import { generation } from './generation.ts'
import { inference } from './inference.ts'
import type { BenchmarkKind, Column, Metric, Shape } from './kind.ts'

export { amount, type BenchmarkKind, type Column, type Direction, type Shape, type Target, time, told } from './kind.ts'

export const BENCHMARKS = { generation, inference } as const satisfies Readonly<Record<string, BenchmarkKind>>

export type BenchmarkName = keyof typeof BENCHMARKS

/** The metrics that a plan can set a target for, by benchmark. */
export type TargetName<N extends BenchmarkName> = keyof (typeof BENCHMARKS)[N]['targets']

const KINDS: ReadonlyMap<string, BenchmarkKind> = new Map(Object.entries(BENCHMARKS))

/** The kind of a benchmark; of one that this version does not know, what can be said of any. */
export function kindOf(benchmark: string): BenchmarkKind {
  return KINDS.get(benchmark) ?? UNKNOWN
}

/** A benchmark of a version of after: shown as far as its numbers speak for themselves. */
const UNKNOWN: BenchmarkKind = {
  category: null,
  throughput: 'perSecond',
  unit: '/s',
  unitInFull: 'a second',
  latency: { metric: 'latencyMs', caption: 'Latency', label: 'latency' },
  phases: [],
  audit: { noun: 'output', asks: 'Whether the timed outputs are right' },
  metrics: {},
  figures: {},
  targets: {},
  columns: [],
  shapeName: axesOf,
}

/** `inputTokens 512, outputTokens 128`: the shape in its keys' own words. */
function axesOf(shape: Shape): string {
  return Object.entries(shape)
    .map(([axis, size]) => `${axis} ${size}`)
    .join(', ')
}

/** What any benchmark says of a metric or a figure of its points; undefined where none knows it. */
export function metricOf(name: string): Metric | undefined {
  return METRICS.get(name)
}

const METRICS: ReadonlyMap<string, Metric> = new Map(
  [...KINDS.values()].flatMap(({ metrics, figures }) => Object.entries({ ...metrics, ...figures })),
)

/** A column's head in two lines, as a terminal has it: `TTFT`, `p50 ms`. */
export function headInTwo({ name, detail, unit }: Column): readonly [string, string] {
  return name === '' ? [unit, detail] : [name, joined(detail, unit)]
}

/** What it is and its unit: `TTFT p50`, `ms`. */
export function headAndUnit({ name, detail, unit }: Column): readonly [string, string] {
  return [joined(name, detail), unit]
}

/** In one line: `TTFT p50 ms`, `tokens/s in all`. */
export function headInOne({ name, detail, unit }: Column): string {
  return name === '' ? joined(unit, detail) : joined(name, detail, unit)
}

function joined(...words: readonly string[]): string {
  return words.filter(word => word !== '').join(' ')
}
