/** The document `assay-compare-1`: what `assay compare --json` prints, and what every report of it shows. */
import { z } from 'zod'
import { Threshold } from '../events/result.ts'
import { Precision, Status } from '../words.ts'

const number = z.number()
const count = z.int().nonnegative()

/** `medians-alone`: no samples are at hand. `not-shown`: the samples show no difference. */
const Change = z.enum(['better', 'worse', 'not-shown', 'medians-alone'])

/** One metric of a point; ratios are b over a. */
export const MetricComparison = z.object({
  metric: z.string(),
  better: z.enum(['lower', 'higher']),
  /** Medians. */
  a: number,
  b: number,
  ratio: number.nullable(),
  /** 95 % bootstrap interval of the ratio of medians; null where there are no samples. */
  interval: z.tuple([number, number]).nullable(),
  /** Two-sided Mann-Whitney. */
  p: number.nullable(),
  samples: z.object({ a: count, b: count }).nullable(),
  /** The difference, as a share, that such samples show in 80 of 100 comparisons; null where they are too few to show any. */
  detectable: number.nullable(),
  change: Change,
})
export type MetricComparison = z.infer<typeof MetricComparison>

/** A single figure of both sides, without statistics. */
export const FigureComparison = z.object({ figure: z.string(), a: number.nullable(), b: number.nullable() })
export type FigureComparison = z.infer<typeof FigureComparison>

/** Whether a verdict got better or worse. Null on a side that has no such part. */
const Verdicts = z.object({
  a: Status.nullable(),
  b: Status.nullable(),
  change: z.enum(['same', 'better', 'worse', 'vanished', 'new']),
  /** Why b's is what it is. */
  reason: z.string().nullable(),
})
export type Verdicts = z.infer<typeof Verdicts>

export const CheckComparison = z.object({
  name: z.string(),
  verdicts: Verdicts,
  metrics: z.array(
    z.object({ metric: z.string(), a: number.nullable(), b: number.nullable(), threshold: Threshold.nullable() }),
  ),
})
export type CheckComparison = z.infer<typeof CheckComparison>

export const PointComparison = z.object({
  benchmark: z.string(),
  /** `batch 8`, with its shape where a benchmark has several. */
  point: z.string(),
  verdicts: Verdicts,
  metrics: z.array(MetricComparison),
  figures: z.array(FigureComparison),
})
export type PointComparison = z.infer<typeof PointComparison>

const UnitName = z.object({ model: z.string(), precision: Precision, device: z.string() })
export type UnitName = z.infer<typeof UnitName>

export const UnitComparison = z.object({
  model: z.string(),
  precision: Precision,
  devices: z.object({ a: z.string(), b: z.string() }),
  verdicts: Verdicts,
  checks: z.array(CheckComparison),
  points: z.array(PointComparison),
  figures: z.array(FigureComparison),
})
export type UnitComparison = z.infer<typeof UnitComparison>

/** The five most probable tokens of each position, on both sides in order. */
const TopFive = z.object({
  k: count,
  positions: count,
  identical: count,
  /** The first position where they are not the same. */
  first: z.object({ position: count, a: z.array(number), b: z.array(number) }).nullable(),
})
export type TopFive = z.infer<typeof TopFive>

export const OutputComparison = z.object({
  case: z.string(),
  output: z.string(),
  /** `unlike`: nothing could be compared, and `reason` says why. */
  status: z.enum(['identical', 'differs', 'unlike', 'only-a', 'only-b']),
  reason: z.string().nullable(),
  /** Of b against a: maxAbs, meanAbs, relL2 ...; docs/metrics.md. */
  metrics: z.record(z.string(), number.nullable()),
  topFive: TopFive.nullable(),
})
export type OutputComparison = z.infer<typeof OutputComparison>

/** One thing that was found, in a sentence without its full stop. */
export const Finding = z.object({
  /** `setting`: what is not alike around the numbers. */
  kind: z.enum(['setting', 'verdict', 'missing', 'speed', 'figure', 'numerics', 'golden']),
  /** `unknown`: nobody can tell. `neutral`: neither side is the better one. */
  change: z.enum(['better', 'worse', 'none', 'unknown', 'neutral']),
  /** The unit, and the point of its benchmark; null where it is about the whole. */
  about: z.string().nullable(),
  sentence: z.string(),
})
export type Finding = z.infer<typeof Finding>

/** What `--fail-on` came to. */
export const Gate = z.object({
  failOn: z.array(z.enum(['regression', 'inconclusive'])),
  /** The least loss that is a regression, as a share. */
  by: number,
  regressions: z.array(z.string()),
  /** What could not be told. */
  inconclusive: z.array(z.string()),
  failed: z.boolean(),
})
export type Gate = z.infer<typeof Gate>

const Side = z.object({
  /** As it was asked for: `last~1`, `nightly.json`. */
  name: z.string(),
  kind: z.enum(['run', 'golden']),
  /** The run's id, or the golden's model. */
  of: z.string(),
  /** Null for a golden, which does not say. */
  startedAt: z.iso.datetime().nullable(),
  /** The device that one side is narrowed to; who made a golden. */
  by: z.string().nullable(),
})
export type Side = z.infer<typeof Side>

export const ComparisonDocument = z.object({
  schema: z.literal('assay-compare-1'),
  a: Side,
  b: Side,
  findings: z.array(Finding),
  units: z.array(UnitComparison),
  /** Units that one side alone has. */
  only: z.object({ a: z.array(UnitName), b: z.array(UnitName) }),
  /** Of two goldens. */
  outputs: z.array(OutputComparison),
  /** Null where nothing was to fail. */
  gate: Gate.nullable(),
})
export type ComparisonDocument = z.infer<typeof ComparisonDocument>
