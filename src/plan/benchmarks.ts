/** What a plan may say of each benchmark. docs/plans.md explains each key to the person who writes one. */
import { z } from 'zod'
import type { BenchmarkName, TargetName } from '../benchmarks/index.ts'
import { gridOf, LARGEST_BATCH, TO_MEMORY } from './grid.ts'
import { count, durationMs, LONGEST_MS, set } from './values.ts'

const ms = z.number().positive().max(LONGEST_MS)
const rate = z.number().positive().max(1e12)
const share = z.number().positive().max(1)

/** A benchmark's targets; those given are enforced, the field's usual ones are shown for information. */
const GenerationTargets = z.strictObject({
  /** Median time to first token, ms, at most; judged at batch 1. */
  ttftMs: ms.optional(),
  /** Tokens per second of each user, at least; every batch. */
  tokensPerSecondPerUser: rate.optional(),
  /** Tokens per second in total, at least; the best batch. */
  tokensPerSecond: rate.optional(),
  /** Share of the device's memory, at most; every batch. */
  peakMemoryShare: share.optional(),
} satisfies Record<TargetName<'generation'>, z.ZodType>)
/** Longer than any model's context. */
const MOST_TOKENS = 10_000_000
/** A grid of more points than this is a slip of the pen. */
const MOST_POINTS = 10_000

const tokens = count(MOST_TOKENS)

/** One value, or a list of which each gives points of its own. */
function axis<T extends z.ZodType<number>>(item: T) {
  return z.union([item, set(item)])
}

/** Batch sizes; `max` at their end goes on doubling until a batch does not fit in memory. */
const batches = set(z.union([count(LARGEST_BATCH), z.literal(TO_MEMORY)])).superRefine((values, context) => {
  const at = values.indexOf(TO_MEMORY)
  if (at >= 0 && at < values.length - 1)
    context.addIssue({
      code: 'custom',
      path: [at],
      message: `${TO_MEMORY} stands at the end: it goes on from the others`,
    })
})

const batch = z.union([count(LARGEST_BATCH), z.literal(TO_MEMORY), batches])

/** Repetitions beyond this are a slip of the pen. */
const repetitions = count(100_000)

export const GenerationSettings = z
  .strictObject({
    batch: batch.default([1, 4, 8, 16]),
    inputTokens: axis(tokens).default(512),
    outputTokens: axis(tokens.min(2)).default(128),
    /** Prompt tokens of each pass of the prefill; without it the engine takes a prompt as it likes. */
    prefillChunk: axis(tokens).optional(),
    /** Timed repetitions of each point, warm-up aside. */
    repetitions: repetitions.default(5),
    /** Time after which no further repetition of a point begins. */
    budgetMs: durationMs.default(20_000),
    targets: GenerationTargets.default({}),
  })
  .superRefine((settings, context) => {
    const { shapes, batches } = gridOf(settings)
    const points = shapes.length * batches.length
    if (points > MOST_POINTS)
      context.addIssue({
        code: 'custom',
        path: ['inputTokens'],
        message: `${points} points are too many, more than ${MOST_POINTS}`,
      })
  })
export type GenerationSettings = z.infer<typeof GenerationSettings>

const InferenceTargets = z.strictObject({
  /** Median time of a pass over one image, ms, at most; judged at batch 1. */
  latencyMs: ms.optional(),
  /** Images per second, at least; the best batch. */
  imagesPerSecond: rate.optional(),
  /** Share of the device's memory, at most; every batch. */
  peakMemoryShare: share.optional(),
} satisfies Record<TargetName<'inference'>, z.ZodType>)

export const InferenceSettings = z.strictObject({
  batch: batch.default([1, 8, 32, 64, 128]),
  /** Timed passes of each batch, warm-up aside; a p99 needs 100. */
  repetitions: repetitions.default(100),
  /** Time after which no further pass of a batch begins. */
  budgetMs: durationMs.default(10_000),
  /** Whether images are also timed from their files to the outputs. */
  pipeline: z.boolean().default(true),
  targets: InferenceTargets.default({}),
})
export type InferenceSettings = z.infer<typeof InferenceSettings>

/** The settings of every benchmark by its name. */
export const BENCHMARK_SETTINGS = {
  generation: GenerationSettings,
  inference: InferenceSettings,
} satisfies Record<BenchmarkName, z.ZodType>
