/** What a plan file may say. docs/plans.md explains each key to the person who writes one. */
import { z } from 'zod'
import { checks, type CheckName as Name } from '../checks/index.ts'
import { DeviceId, Precision } from '../words.ts'
import { gridOf, LARGEST_BATCH, TO_MEMORY } from './grid.ts'

/** Node's timers hold no more: 2^31 - 1 ms, some 24 days. */
const LONGEST_MS = 2 ** 31 - 1
/** More memory than any one machine has: 1 PiB. A larger number is a slip of the pen. */
const MOST_BYTES = 2 ** 50
/** Lists that a person writes are shorter; a longer one is a program's mistake. */
const MOST_ENTRIES = 1000
const LONGEST_TEXT = 4096

const count = (most: number) => z.int().positive().max(most)
const durationMs = count(LONGEST_MS)
const text = z.string().min(1).max(LONGEST_TEXT)

function list<T extends z.ZodType>(item: T) {
  return z.array(item).min(1).max(MOST_ENTRIES)
}

/** A list in which nothing stands twice. */
function set<T extends z.ZodType<string | number>>(item: T) {
  return list(item).superRefine((values, context) => reportRepeated(values, context))
}

function reportRepeated(values: readonly (string | number)[], context: z.core.$RefinementCtx): void {
  for (const [index, value] of values.entries())
    if (values.indexOf(value) !== index)
      context.addIssue({ code: 'custom', path: [index], message: `${value} is given twice` })
}

/** A benchmark's targets; those given are enforced, the field's usual ones are shown for information. */
export const Targets = z.strictObject({
  /** Median time to first token, ms, at most; judged at batch 1. */
  ttftMs: z.number().positive().max(LONGEST_MS).optional(),
  /** Tokens per second of each user, at least; every batch. */
  tokensPerSecondPerUser: z.number().positive().max(1e12).optional(),
  /** Tokens per second in total, at least; the best batch. */
  tokensPerSecond: z.number().positive().max(1e12).optional(),
  /** Share of the device's memory, at most; every batch. */
  peakMemoryShare: z.number().positive().max(1).optional(),
})
export type Targets = z.infer<typeof Targets>

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

export const GenerationSettings = z
  .strictObject({
    batch: z.union([count(LARGEST_BATCH), z.literal(TO_MEMORY), batches]).default([1, 4, 8, 16]),
    inputTokens: axis(tokens).default(512),
    outputTokens: axis(tokens.min(2)).default(128),
    /** Prompt tokens of each pass of the prefill; without it the engine takes a prompt as it likes. */
    prefillChunk: axis(tokens).optional(),
    /** Timed repetitions of each point, warm-up aside. */
    repetitions: count(100_000).default(5),
    /** Time after which no further repetition of a point begins. */
    budgetMs: durationMs.default(20_000),
    targets: Targets.default({}),
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

const Limits = z.strictObject({
  /** Deadline for loading a model. */
  loadMs: durationMs.default(600_000),
  /** Deadline for any other call. */
  callMs: durationMs.default(600_000),
  /** Memory that a worker may hold; it is stopped when it holds more. */
  workerMemoryBytes: count(MOST_BYTES).optional(),
  /** The most arithmetic of one forward pass that a check may ask for, TFLOP; see workloads/llm/pass-cost.ts for the usual one. */
  passTflop: z.number().positive().max(1e9).optional(),
  /** Tries for a unit that ends as error. */
  attempts: count(100).default(1),
})

export const EngineSpec = z.strictObject({
  /** The worker's command and its arguments; a relative path is relative to the plan. */
  command: list(z.string().max(LONGEST_TEXT)),
  /** Frames over standard input and output in place of descriptors of their own, as through ssh. */
  stdio: z.boolean().default(false),
})
export type EngineSpec = z.infer<typeof EngineSpec>

/** A model with what belongs to it; paths are relative to the plan. */
export const ModelEntry = z.strictObject({
  model: text,
  precisions: set(Precision).optional(),
  /** A golden to judge against, in place of the reference device. */
  golden: text.optional(),
  /** A JSON file of prompts, as zoo/llama/workload.json: `{ "prompts": [{ "id", "text" or "messages", "answer"? }] }`. */
  prompts: text.optional(),
  /** A text file for perplexity. */
  text: text.optional(),
})
export type ModelEntry = z.infer<typeof ModelEntry>

const EngineName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9-]*$/, 'an engine is named in lower case, like my-npu')

const options = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** `Object.keys` forgets which strings they are. */
const CheckName = z.enum(Object.keys(checks) as [Name, ...Name[]])

export const Plan = z.strictObject({
  name: text.default('plan'),
  reference: z
    .strictObject({ device: DeviceId.default('ort:cpu'), precision: Precision.default('fp32') })
    .default({ device: 'ort:cpu', precision: 'fp32' }),
  /** A bare reference stands for an entry with nothing more to say. */
  models: list(z.preprocess(entry => (typeof entry === 'string' ? { model: entry } : entry), ModelEntry)).superRefine(
    (models, context) =>
      reportRepeated(
        models.map(({ model }) => model),
        context,
      ),
  ),
  /** `all`: every device found here, software that plays a GPU aside. */
  devices: z.union([z.literal('all'), set(DeviceId)]).default('all'),
  precisions: set(Precision).default(['fp32']),
  /** `all`, or names of checks; an empty list runs none. */
  checks: z.union([z.literal('all'), z.array(CheckName).max(MOST_ENTRIES)]).default('all'),
  benchmarks: z.strictObject({ generation: GenerationSettings.optional() }).default({}),
  engines: z.record(EngineName, EngineSpec).default({}),
  limits: Limits.prefault({}),
  /** Settings of the engines, by engine: `ort: { threads: 2 }`. */
  options: z.record(EngineName, options).default({}),
})
export type Plan = z.infer<typeof Plan>
