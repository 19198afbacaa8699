/** The result document `assay-run-1`: what `--json` prints, what is stored, and the only thing that a reporter sees. */
import { z } from 'zod'
import { DeviceDescription, Placement } from '../protocol/messages.ts'
import { Category, DeviceId, Fault, Precision, Status } from '../words.ts'
import { liftPoint, liftSaturation } from './lift.ts'
import { Shape } from './shape.ts'

const number = z.number()
const count = z.int().nonnegative()

/** What a metric must meet, and where the number comes from. */
export const Threshold = z.object({
  limit: number,
  comparison: z.enum(['at-most', 'at-least', 'equal']),
  source: z.string(),
})
export type Threshold = z.infer<typeof Threshold>

/** Where a comparison is worst. */
export const WorstElement = z.object({
  case: z.string(),
  output: z.string(),
  index: z.array(count),
  reference: number.nullable(),
  device: number.nullable(),
})
export type WorstElement = z.infer<typeof WorstElement>

/** A token, with its text where the model has a tokenizer and the token a text of its own. A device may give any id. */
export const Token = z.object({ id: number, text: z.string().nullable() })
export type Token = z.infer<typeof Token>

/** How probable each side holds a token to be; null where it does not say, or says what is no number. */
export const Candidate = z.object({ ...Token.shape, reference: number.nullable(), device: number.nullable() })
export type Candidate = z.infer<typeof Candidate>

/** Both sides of a case token by token, around the place to look at. */
export const SideBySide = z.object({
  /** `generated`: one after another, each fed back. `predicted`: the best next token after each token of the prompt. */
  kind: z.enum(['generated', 'predicted']),
  /** What the sides are called: reference and device, or two ways on one device. */
  sides: z.object({ reference: z.string(), device: z.string() }),
  /** The last tokens that lead to the first shown one (generated), or to the one in focus (predicted). */
  prompt: z.array(Token),
  /** Of the whole prompt. */
  promptTokens: count,
  /** The index of the first shown token; `reference` and `device` begin there. */
  first: count,
  reference: z.array(Token),
  device: z.array(Token),
  /** The index of the first token that differs, or else of the worst position. */
  focus: count,
  /** The most probable tokens there, of both sides. */
  candidates: z.array(Candidate),
})
export type SideBySide = z.infer<typeof SideBySide>

/** A box in an image, and whose it is: the true one, the reference's or the device's. */
export const PictureBox = z.object({
  side: z.enum(['reference', 'device', 'truth']),
  /** x1, y1, x2, y2, px of the picture. */
  box: z.tuple([number, number, number, number]),
  label: z.string(),
  /** Null of a true box. */
  score: number.nullable(),
  /** Whether the other side has its partner. */
  isMatched: z.boolean(),
})
export type PictureBox = z.infer<typeof PictureBox>

/** The image of a case, with what was found in it. */
export const Picture = z.object({
  /** In the document itself, so that a report needs no other file; of kinds that hold no script. */
  url: z.string().regex(/^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/, 'is no image in a data: URL'),
  width: z.int().positive(),
  height: z.int().positive(),
  boxes: z.array(PictureBox),
})
export type Picture = z.infer<typeof Picture>

/** One case (a prompt, a window of text, an image) of a check. */
export const CaseResult = z.object({
  id: z.string(),
  status: Status,
  reason: z.string().nullable(),
  metrics: z.record(z.string(), number.nullable()),
  /** What a person wants to see beside the numbers: texts, tokens. */
  details: z.record(z.string(), z.string()),
  /** Of the worst cases of a check alone. */
  sideBySide: SideBySide.optional(),
  /** Of the worst cases of a check of images. */
  picture: Picture.optional(),
})
export type CaseResult = z.infer<typeof CaseResult>

/** Counts of absolute errors in bins of powers of two: bin i holds 2^exponents[i] <= error < 2^(exponents[i] + 1). */
export const ErrorHistogram = z.object({ exponents: z.array(z.int()), counts: z.array(count), zeros: count })
export type ErrorHistogram = z.infer<typeof ErrorHistogram>

export const CheckResult = z.object({
  name: z.string(),
  status: Status,
  /** Why it is not a pass; null for a pass. */
  reason: z.string().nullable(),
  /** What it was judged against: a device and precision, or a golden's producer; null for a check of a device with itself. */
  reference: z.string().nullable(),
  metrics: z.record(z.string(), number.nullable()),
  /** By the name of the metric that they bound. */
  thresholds: z.record(z.string(), Threshold),
  /** Independent observations behind the verdict: positions, prompts, tokens. */
  samples: count,
  /**
   * The smallest drop that this many samples can show, or null where none can be said: of the judged share, or of the
   * judged metric itself where `metrics` has it too, under the same name.
   */
  smallestDrop: number.nullable(),
  worst: WorstElement.nullable(),
  histogram: ErrorHistogram.nullable(),
  cases: z.array(CaseResult),
})
export type CheckResult = z.infer<typeof CheckResult>

/** A set of samples; see docs/metrics.md. p95 needs 20 samples and p99 100, else they are null. */
export const Summary = z.object({
  count,
  median: number,
  mean: number,
  min: number,
  max: number,
  p50: number,
  p90: number.nullable(),
  p95: number.nullable(),
  p99: number.nullable(),
  /** 95 % bootstrap interval of the median. */
  medianInterval: z.tuple([number, number]).readonly(),
})
export type Summary = z.infer<typeof Summary>

/** A target as it was met or not; `enforced` where the plan asked for it, else shown for information. */
export const TargetResult = z.object({
  metric: z.string(),
  limit: number,
  comparison: z.enum(['at-most', 'at-least']),
  value: number.nullable(),
  met: z.boolean().nullable(),
  enforced: z.boolean(),
})
export type TargetResult = z.infer<typeof TargetResult>

const Bound = z.enum(['arithmetic', 'bandwidth', 'overhead'])

/** Work of one phase of a benchmark against the device's measured limits; src/metrics/roofline.ts. */
export const PhaseRoofline = z.object({
  flops: number,
  bytes: number,
  ms: number,
  intensity: number,
  mfu: number.nullable(),
  mbu: number.nullable(),
  bound: Bound.nullable(),
})
export type PhaseRoofline = z.infer<typeof PhaseRoofline>

/** One setting of a benchmark, measured. The words of each kind of benchmark: src/benchmarks. */
export const BenchmarkPoint = z.preprocess(
  liftPoint,
  z.object({
    batch: z.int().positive(),
    shape: Shape,
    status: Status,
    reason: z.string().nullable(),
    /** Summaries of samples, by metric: ttftMs, tokensPerSecond ...; latencyMs, imagesPerSecond. */
    metrics: z.record(z.string(), Summary.nullable()),
    /**
     * Single figures: peakMemoryBytes, peakMemoryShare, outsideDeviceShare; prefillPassTokens, the prompt tokens that each pass of the
     * prefill really took; neededBytes, availableBytes of what does not fit.
     */
    figures: z.record(z.string(), number.nullable()),
    targets: z.array(TargetResult),
    /** Whether the timed run's outputs (tokens, logits) are those of the reference, and how many were looked at. */
    audit: z.object({ status: Status, reason: z.string().nullable(), outputs: count, disagreements: count }),
    /** Of a generation, the median over repetitions of each gap between tokens, in order: the latency curve. */
    tokenLatencyMs: z.array(number).default([]),
    /** By phase: prefill and decode, or forward. Empty where nothing was timed, or the model's work is not known. */
    roofline: z.record(z.string(), PhaseRoofline).default({}),
  }),
)
export type BenchmarkPoint = z.infer<typeof BenchmarkPoint>

/** Where throughput stops growing with the batch, and what keeps it from growing. */
export const Saturation = z.preprocess(
  liftSaturation,
  z.object({
    shape: Shape,
    /** Null where throughput still grows at the largest batch that was measured, or only one was. */
    batch: z.int().positive().nullable(),
    /** The batch that the rest speaks of: that one, or the largest. */
    atBatch: z.int().positive(),
    /** In the benchmark's own unit: tokens or images per second. */
    throughput: number,
    /** How many batch sizes were measured. */
    measured: count,
    /** Why the next larger batch was not measured; null where none was asked for. */
    beyond: z.string().nullable(),
    /** The phase that takes most of the time there. */
    phase: z.string().nullable(),
    /** What binds that phase; null where the device's limits are not known. */
    bound: Bound.nullable(),
    /** Of that limit, as it was measured: MBU where bandwidth binds, MFU where arithmetic does, the larger where neither does. */
    share: number.nullable(),
  }),
)
export type Saturation = z.infer<typeof Saturation>

/** What the device itself was measured to give at most, in this precision. */
export const DeviceCeilings = z.object({
  flopsPerSecond: number.nullable(),
  bytesPerSecond: number.nullable(),
  /** Why one is not known; null where both are. */
  reason: z.string().nullable(),
})
export type DeviceCeilings = z.infer<typeof DeviceCeilings>

export const BenchmarkResult = z.object({
  name: z.string(),
  status: Status,
  reason: z.string().nullable(),
  points: z.array(BenchmarkPoint),
  /** The batch size at which throughput stops growing; null where it still grows at the largest, or shapes are several. */
  saturationBatch: number.nullable(),
  /** The same for each shape, and what binds there. */
  saturation: z.array(Saturation),
})
export type BenchmarkResult = z.infer<typeof BenchmarkResult>

export const UnitResult = z.object({
  id: z.string(),
  model: z.string(),
  category: Category,
  device: DeviceId,
  precision: Precision,
  status: Status,
  reason: z.string().nullable(),
  fault: Fault.nullable(),
  attempts: count,
  fingerprint: z.string().nullable(),
  parameters: count.nullable(),
  /** The file of the graph with its weights, or the model's weight files, as the device was given them. */
  weightBytes: count.nullable().default(null),
  placement: Placement.nullable(),
  /** What the runtime says of itself that could explain a result: inference precision, TF32, threads. */
  settings: z.record(z.string(), z.string()).default({}),
  /** Remarks that change how the numbers read: computed in another precision, fell back to another device. */
  remarks: z.array(z.string()),
  loadMs: number.nullable(),
  durationMs: number,
  checks: z.array(CheckResult),
  benchmarks: z.array(BenchmarkResult),
  /** Null where no benchmark asked for them. */
  ceilings: DeviceCeilings.nullable(),
  telemetry: z.record(z.string(), number.nullable()),
  artifacts: z.array(z.object({ kind: z.string(), path: z.string() })),
})
export type UnitResult = z.infer<typeof UnitResult>

export const HostDescription = z.object({
  os: z.string(),
  cpu: z.string(),
  threads: count,
  memoryBytes: count,
  versions: z.record(z.string(), z.string()),
})
export type HostDescription = z.infer<typeof HostDescription>

export const ResultDocument = z.object({
  schema: z.literal('assay-run-1'),
  run: z.string(),
  plan: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: number,
  verdict: Status,
  /** False while units are missing: interrupted or killed, and to be resumed. */
  complete: z.boolean(),
  counts: z.object({ pass: count, fail: count, error: count, skip: count, inconclusive: count }),
  reference: z.object({ device: DeviceId, precision: Precision }),
  host: HostDescription,
  devices: z.array(DeviceDescription),
  units: z.array(UnitResult),
})
export type ResultDocument = z.infer<typeof ResultDocument>
