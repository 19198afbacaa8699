/** What a person calls each metric that two results are held against each other by, and which way is better. One table for all. */

export interface Direction {
  /** Which value is the better one. */
  readonly better: 'lower' | 'higher'
  /** A time is slower, a rate is slower, an amount is more. */
  readonly kind: 'time' | 'rate' | 'amount'
  /** The subject of a sentence: `decode is 7.1 % slower`. */
  readonly subject: string
  /**
   * Whether it has a sentence of its own and is gated. Others stand in the tables alone: the time of a step is the rate of decode
   * turned over, and saying the same thing three times would make one change look like three.
   */
  readonly isTold: boolean
}

const time = (subject: string): Direction => ({ better: 'lower', kind: 'time', subject, isTold: false })
const rate = (subject: string): Direction => ({ better: 'higher', kind: 'rate', subject, isTold: false })
const amount = (subject: string): Direction => ({ better: 'lower', kind: 'amount', subject, isTold: false })
const told = (direction: Direction): Direction => ({ ...direction, isTold: true })

/** Of the points of a benchmark: src/runner/point-metrics.ts, docs/metrics.md. */
const METRICS = {
  ttftMs: told(time('the first token')),
  itlMs: time('the gap between tokens'),
  tpotMs: time('each further token'),
  e2eMs: time('a whole generation'),
  prefillMs: time('the prefill pass'),
  selectMs: time('choosing a token'),
  prefillTokensPerSecond: told(rate('prefill')),
  decodeTokensPerSecond: told(rate('decode')),
  tokensPerSecondPerUser: rate('throughput per user'),
  tokensPerSecond: told(rate('throughput')),
} as const satisfies Readonly<Record<string, Direction>>

/** Single figures of a point or a unit, without samples. Those that vary from run to run are not told. */
const FIGURES = {
  peakMemoryBytes: told(amount('peak memory')),
  weightBytes: told(amount('the size of the weights')),
  outsideDeviceShare: amount('the share of a step outside the device'),
  loadMs: time('loading the model'),
} as const satisfies Readonly<Record<string, Direction>>

/** Null for a metric that no table has: it is shown, and nothing is said of it. */
export function directionOf(metric: string): Direction | null {
  const known: ReadonlyMap<string, Direction> = ALL
  return known.get(metric) ?? null
}

const ALL = new Map<string, Direction>([...Object.entries(METRICS), ...Object.entries(FIGURES)])

/**
 * How much worse b is than a, as a share of a: 0.071 for 7.1 % slower, negative where it is better. `ratio` is b over a.
 * A time that doubles is 100 % worse; a rate that halves is 50 % worse.
 */
export function loss({ better }: Pick<Direction, 'better'>, ratio: number): number {
  return better === 'lower' ? ratio - 1 : 1 - ratio
}
