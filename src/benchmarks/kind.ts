/** What is known of a kind of benchmark before any is run: its words, its metrics, its targets. Data, for every part that shows or judges one. */
import type { Category } from '../words.ts'

/** What the points of a benchmark differ in beside their batch: `{ inputTokens: 512, outputTokens: 128 }`. */
export type Shape = Readonly<Record<string, number>>

/** What two results are held against each other by, and which way is better. */
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

/** A metric as a comparison takes it, and its name for people where that does not follow from its key. */
export interface Metric extends Direction {
  readonly label?: string
}

/** What should be met. */
export interface Target {
  readonly comparison: 'at-most' | 'at-least'
  /** The points that it judges: those of batch 1, the one of each shape with the most throughput, or every one. */
  readonly at: 'batch-1' | 'best' | 'every'
  /** The field's usual limit, shown for information; null where there is none, since it depends on the model. */
  readonly usual: number | null
}

/** The parts of a point that a column may show. */
export interface Shown {
  readonly metrics: Readonly<Record<string, Statistics | null>>
  readonly figures: Readonly<Record<string, number | null>>
  readonly roofline: Readonly<Record<string, { readonly mfu: number | null; readonly mbu: number | null }>>
}

interface Statistics {
  readonly median: number
  readonly p50: number
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** A column of a table of points, beside batch and memory, which all kinds have. */
export interface Column {
  /** `TTFT`; '' where the unit says what it is: `tokens/s in all`. */
  readonly name: string
  readonly detail: string
  /** `ms`, `tokens/s`; '' for a share. */
  readonly unit: string
  readonly isShare?: boolean
  /** Left out where there is little room. */
  readonly isWide?: boolean
  /** The figure that it shows, where it is one: reports show it nowhere else. */
  readonly figure?: string
  of(point: Shown): number | null | undefined
}

export interface BenchmarkKind {
  /** The models that it measures; null where this version does not know. */
  readonly category: Category | null
  /** The metric whose growth with the batch shows where a device saturates. */
  readonly throughput: string
  /** Its unit for people: `tokens/s`, and at length. */
  readonly unit: string
  readonly unitInFull: string
  /** The metric that a user waits for, drawn against the batch. */
  readonly latency: { readonly metric: string; readonly caption: string; readonly label: string }
  /** The names of its phases in a roofline, in their order. */
  readonly phases: readonly string[]
  /** What an audit counts, `token`, and what it asks. */
  readonly audit: { readonly noun: string; readonly asks: string }
  readonly metrics: Readonly<Record<string, Metric>>
  /** Single figures of a point that only this kind has. */
  readonly figures: Readonly<Record<string, Metric>>
  readonly targets: Readonly<Record<string, Target>>
  readonly columns: readonly Column[]
  /** A shape as a part of a sentence: `512 tokens in, 128 out`. */
  shapeName(shape: Shape): string
}

/** What a column of a single figure shows. */
export function ofFigure(figure: string): Pick<Column, 'figure' | 'of'> {
  return { figure, of: ({ figures }) => figures[figure] }
}

export const time = (subject: string, label?: string): Metric => metric('lower', 'time', subject, label)
export const rate = (subject: string, label?: string): Metric => metric('higher', 'rate', subject, label)
export const amount = (subject: string, label?: string): Metric => metric('lower', 'amount', subject, label)
export const told = (one: Metric): Metric => ({ ...one, isTold: true })

function metric(better: Metric['better'], kind: Metric['kind'], subject: string, label?: string): Metric {
  return { better, kind, subject, isTold: false, ...(label === undefined ? {} : { label }) }
}
