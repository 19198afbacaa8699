/** What a plan file may say. docs/plans.md explains each key to the person who writes one. */
import { z } from 'zod'
import { checks, type CheckName as Name } from '../checks/index.ts'
import { DeviceId, Precision } from '../words.ts'
import { BENCHMARK_SETTINGS } from './benchmarks.ts'
import { count, durationMs, LONGEST_TEXT, list, MOST_BYTES, MOST_ENTRIES, reportRepeated, set, text } from './values.ts'

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
  /** A folder of images: DIR/CLASS/*.jpg, or COCO's annotations.json with images/; docs/vision.md. */
  images: text.optional(),
  /** A folder of images that static quantisation is calibrated on (default: those it is run on). */
  calibration: text.optional(),
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
  benchmarks: z.strictObject(BENCHMARK_SETTINGS).partial().default({}),
  engines: z.record(EngineName, EngineSpec).default({}),
  limits: Limits.prefault({}),
  /** Settings of the engines, by engine: `ort: { threads: 2 }`. */
  options: z.record(EngineName, options).default({}),
})
export type Plan = z.infer<typeof Plan>
