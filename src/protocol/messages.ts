/**
 * Everything that a host and a worker say to each other: one table of schemas, from which both sides parse and both
 * sides' types are inferred. docs/protocol.md explains it to somebody who writes a worker in another language.
 */
import { z } from 'zod'
import { BYTES_PER_ELEMENT, type ElementType } from '../tensor.ts'
import { DeviceId, Dialect, Form, Precision } from '../words.ts'

export const PROTOCOL_VERSION = 1

const count = z.int().nonnegative()
const ms = z.number().nonnegative()
const elementTypes = Object.keys(BYTES_PER_ELEMENT) as [ElementType, ...ElementType[]]

/** One tensor of a frame; its raw little-endian bytes follow the header in the order of this list. */
export const TensorHeader = z.object({
  name: z.string().max(512),
  type: z.enum(elementTypes),
  shape: z.array(count).max(16),
})

/** One thing that an engine can run on. */
export const DeviceDescription = z.object({
  id: DeviceId,
  /** As a person knows it: "AMD EPYC 9R14, 2 threads". */
  name: z.string(),
  kind: z.enum(['cpu', 'gpu', 'npu', 'other']),
  /** Memory that models may use, or null where the engine cannot tell. */
  memoryBytes: count.nullable(),
  precisions: z.array(Precision),
  /** The operators a graph lowered for this device should use; null where it takes no graphs. */
  dialect: Dialect.nullable(),
  /** Whatever explains a result later: driver, threads, provider, adapter. */
  properties: z.record(z.string(), z.string()),
})
export type DeviceDescription = z.infer<typeof DeviceDescription>

/** What a graph input means to the loop that drives it; an input without a role is fed by name. */
export const InputRole = z.enum([
  'input-ids', // i64 [batch, tokens]
  'attention-mask', // i64 [batch, past + tokens]: 1 where a token is real
  'slot-mask', // i64 [batch, slots + tokens]: 1 where a slot of a cache of `rows`, or a new token, holds a real token
  'position-ids', // i64 [batch, tokens]
  'last-index', // i32 [batch]: past + tokens - 1, the index of each row's last slot (onnxruntime's seqlens_k)
  'total-length', // i32 []: past + tokens
  'logits-to-keep', // i64 [1]: how many of the last positions get logits
])
export type InputRole = z.infer<typeof InputRole>

/**
 * The key/value cache of a graph.
 * `shared`: one buffer [batch, heads, capacity, headDim] is past and present at once, written in place; it grows in steps.
 * `rows`: a buffer [batch, heads, 1, slots, headDim] goes in, of at least one slot, and one output, the `present` of every tensor, holds
 * only the new rows, [tokens, batch, tensors * heads * headDim]; the loop writes them into the next slots, and the input of role `slot-mask` hides the empty ones.
 * `append`: past [batch, heads, past, headDim] goes in and present [batch, heads, past + tokens, headDim] comes out.
 */
export const CacheLayout = z.object({
  layout: z.enum(['shared', 'rows', 'append']),
  type: z.enum(['f32', 'f16', 'bf16']),
  heads: z.int().positive(),
  headDim: z.int().positive(),
  /** Slots by which a shared buffer, or the buffer of rows, grows. */
  step: z.int().positive(),
  tensors: z.array(z.object({ past: z.string(), present: z.string() })),
})
export type CacheLayout = z.infer<typeof CacheLayout>

/** How a language model's graph is driven token by token. */
export const GraphInterface = z.object({
  roles: z.record(z.string(), InputRole),
  cache: CacheLayout.nullable(),
  /** The output with the logits, [batch, kept, vocabulary]. */
  logits: z.string(),
  vocabulary: z.int().positive(),
  /** The most positions that the model knows. */
  positions: z.int().positive(),
})
export type GraphInterface = z.infer<typeof GraphInterface>

const ValueDescription = z.object({
  name: z.string(),
  type: z.string(),
  /** A number, or the name of a dimension that varies. */
  shape: z.array(z.union([z.number(), z.string()])),
})

/** What really ran: one row for each operator, element type and provider that took part. */
export const Placement = z.object({
  operators: z.array(
    z.object({ operator: z.string(), type: z.string(), provider: z.string(), nodes: z.int().positive() }),
  ),
  /** The types in which matrix products were computed, most work first: ['fp32'] where fp16 was asked but emulated. */
  computedIn: z.array(z.string()),
  /** Where that is not what was asked for: the runtime's own property that says so, `INFERENCE_PRECISION_HINT is bf16`. */
  evidence: z.string().optional(),
  /** And the line of a plan that asks for it: `options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }`. */
  remedy: z.string().optional(),
})
export type Placement = z.infer<typeof Placement>

/** Clocks of one timed generation, in ms since the request was due. */
export const GenerationSample = z.object({
  /** When each output token was known, [newTokens]. */
  tokenMs: z.array(ms),
  /** Time inside the device for each step, synchronised, [newTokens]; the first is the prefill. */
  deviceMs: z.array(ms),
  /** Time to choose the next token on the host for each step, [newTokens]. */
  selectMs: z.array(ms),
})
export type GenerationSample = z.infer<typeof GenerationSample>

/** Prompt tokens for each pass of a prefill; absent where the engine is to choose. One that cannot takes what it can. */
const prefillChunk = z.int().positive().optional()

/** A file's place below its folder: names with slashes between, none of which leads out of it on any system. */
const RelativePath = z
  .string()
  .max(1024)
  .refine(
    path => path.split('/').every(name => name !== '' && name !== '.' && name !== '..' && !/[\\:\0]/.test(name)),
    'is no plain relative path',
  )

/** What an artifact is kept under: a hash of its content. */
const artifactKey = z.string().regex(/^[a-z0-9-]{1,128}$/)

/** The calls of a host; a request's `params` and a response's `result` follow these. */
export const METHODS = {
  hello: {
    params: z.object({
      protocol: z.int(),
      host: z.string(),
      /** The devices that will be used, as ASSAY_DEVICES has them where it comes through: no other need be looked for. */
      devices: z.array(DeviceId).optional(),
    }),
    result: z.object({
      protocol: z.int(),
      engine: z.string().regex(/^[a-z][a-z0-9-]*$/),
      /** Versions of the engine and what it stands on. */
      versions: z.record(z.string(), z.string()),
      pid: z.int(),
      devices: z.array(DeviceDescription),
      forms: z.array(Form),
      /** For the form `huggingface`: values of `model_type` in config.json that are Assay's own and that this worker loads. */
      modelTypes: z.array(z.string()).optional(),
      /** The calls that this worker answers. */
      methods: z.array(z.string()),
      /** How often a heartbeat comes; 0 where this worker sends none. */
      heartbeatMs: count,
    }),
  },
  load: {
    params: z.object({
      handle: z.string(),
      device: DeviceId,
      form: Form,
      /** An .onnx file or a model directory, readable by the worker. */
      path: z.string(),
      precision: Precision,
      interface: GraphInterface.nullable(),
      /** Settings of the engine, such as `threads`. */
      options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
    result: z.object({
      loadMs: ms,
      inputs: z.array(ValueDescription),
      outputs: z.array(ValueDescription),
      placement: Placement.nullable(),
      /** Memory that the worker holds on the device after loading. */
      memoryBytes: count.nullable(),
      /** What the runtime says of itself that could explain a result: flags, thread counts, modes. */
      settings: z.record(z.string(), z.string()).optional(),
    }),
  },
  /** Tensors in: the model's inputs by name. Tensors out: its outputs by name. */
  run: {
    params: z.object({
      handle: z.string(),
      /** Outputs wanted; null for all. */
      outputs: z.array(z.string()).nullable(),
      /** For a language model: logits of only the last positions; 0 for all. */
      logitsToKeep: count,
    }),
    result: z.object({ durationMs: ms }),
  },
  /**
   * Greedy generation. Tensors in: `input_ids` i64 [batch, tokens]; with `forced_ids` i64 [batch, newTokens] those tokens are
   * fed back instead of the chosen ones. Tensors out: `sequences` i64 [batch, steps], the chosen tokens; `top_ids` i64 and
   * `top_logits` f32 [batch, steps, 2], best and second best; with `logits`, `logits` f32 [batch, steps, vocabulary].
   */
  generate: {
    params: z.object({
      handle: z.string(),
      newTokens: z.int().positive(),
      /** Generation ends once every row has given one of these. */
      stop: z.array(count),
      logits: z.boolean(),
      prefillChunk,
    }),
    result: z.object({ durationMs: ms }),
  },
  /**
   * A timed loop that runs inside the worker: warm-up passes, then samples until `repetitions` or until `budgetMs` is spent
   * (one sample at least). `generate`: tensors in as for generate, exactly `newTokens` steps; tensors out: `sequences` i64
   * [samples, batch, newTokens], for the audit. `forward`: tensors in as for run; tensors out: the last sample's outputs.
   */
  measure: {
    params: z.object({
      handle: z.string(),
      workload: z.enum(['generate', 'forward']),
      newTokens: count,
      warmup: count,
      repetitions: z.int().positive(),
      budgetMs: ms,
      prefillChunk,
    }),
    result: z.object({
      /** For `generate`. */
      generations: z.array(GenerationSample),
      /** For `forward`: each pass, ms. */
      forwardMs: z.array(ms),
      /** The most memory that the worker held on the device during the measured window. */
      peakMemoryBytes: count.nullable(),
      /** For `generate`: prompt tokens that each pass of the prefill really took, the last one aside; absent where it is not known. */
      prefillChunk,
    }),
  },
  unload: { params: z.object({ handle: z.string() }), result: z.object({}) },
  /**
   * For a worker that does not share the host's disk, before `load`: what it has of some files. `path` is the folder that holds them, once
   * every file is whole and its sha256 right; else null, and `missing` says from which byte on each is wanted.
   */
  artifact: {
    params: z.object({
      key: artifactKey,
      files: z
        .array(z.object({ name: RelativePath, size: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
        .min(1)
        .max(4096),
    }),
    result: z.object({
      path: z.string().nullable(),
      missing: z.array(z.object({ name: z.string(), from: count })),
    }),
  },
  /** Tensor in: `bytes` u8 [n], the file's next ones; `from` is the number of those that are there. */
  write: { params: z.object({ key: artifactKey, name: RelativePath, from: count }), result: z.object({}) },
} as const

export type Method = keyof typeof METHODS
export type Params<M extends Method> = z.infer<(typeof METHODS)[M]['params']>
export type Result<M extends Method> = z.infer<(typeof METHODS)[M]['result']>

/** Why a worker could not answer. `unsupported` makes a skip; everything else an error. */
export const WorkerErrorCode = z.enum([
  'unsupported',
  'invalid-request',
  'out-of-memory',
  'device-lost',
  'interrupted',
  'failed',
])
export type WorkerErrorCode = z.infer<typeof WorkerErrorCode>

const id = z.int().positive()
const tensors = z.array(TensorHeader).max(4096).default([])

/** A frame's JSON header. */
export const Header = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('request'), id, method: z.string(), params: z.unknown(), tensors }),
  z.object({ kind: z.literal('response'), id, result: z.unknown(), tensors }),
  z.object({ kind: z.literal('error'), id, code: WorkerErrorCode, message: z.string(), tensors }),
  /** Host to worker: give up the call in progress; it is answered with `interrupted`. */
  z.object({ kind: z.literal('interrupt'), id, tensors }),
  /** Worker to host: still alive. */
  z.object({ kind: z.literal('heartbeat'), memoryBytes: count.nullable(), tensors }),
  /** Worker to host: how far a long call is. */
  z.object({ kind: z.literal('progress'), id, done: count, total: count, tensors }),
])
export type Header = z.infer<typeof Header>
