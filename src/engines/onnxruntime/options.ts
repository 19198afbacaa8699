/** A `load` call's options -> onnxruntime's session options. */
import type { InferenceSession } from 'onnxruntime-node'
import { WorkerError } from '../../protocol/failure.ts'
import type { GraphInterface, Params } from '../../protocol/messages.ts'

type Options = Params<'load'>['options']
type Value = Options[string]

/** The options by name; anything with a dot in it is a session configuration entry of onnxruntime, as it stands. */
const KNOWN: Record<string, (value: Value) => InferenceSession.SessionOptions> = {
  /** Threads within one operator; all by default. */
  threads: value => ({ intraOpNumThreads: Number(value) }),
  /** `disabled`, `basic`, `extended` or `all` (the default). */
  graphOptimizationLevel: value => ({ graphOptimizationLevel: String(value) as 'all' }),
  enableCpuMemArena: value => ({ enableCpuMemArena: Boolean(value) }),
  enableMemPattern: value => ({ enableMemPattern: Boolean(value) }),
  /** `sequential` or `parallel`. */
  executionMode: value => ({ executionMode: String(value) as 'sequential' }),
  /** 0 verbose to 4 fatal. */
  logSeverityLevel: value => ({ logSeverityLevel: Number(value) as 2 }),
}

const PROVIDER = 'provider.'

/**
 * This optimizer of onnxruntime 1.30, of the level `all`, crashes at load (SIGSEGV) where a layer norm's fp16 weights are cast
 * for the CPU's fp32 kernel.
 */
const WITHOUT_CRASH = {
  'optimization.disable_specified_optimizers': 'FuseFp16InitializerToFp32NodeTransformer',
} as const

/**
 * `threads: 4`, `enableCpuMemArena: false`, `session.disable_prepacking: 1` (onnxruntime's own entries),
 * `provider.preferredLayout: NHWC` (what the provider itself takes).
 * `threads` is how many there are here.
 */
export function sessionOptions(provider: string, options: Options, threads: number): InferenceSession.SessionOptions {
  const extra: Record<string, string> = { ...WITHOUT_CRASH }
  const providerOptions: Record<string, Value> = {}
  let chosen: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    // The arena keeps what the longest prompt took: without it decode of a 125 M-parameter Llama is as fast or faster (15.5
    // against 16.7 ms) and the peak 4 % lower; benchmarks/speed.ts.
    enableCpuMemArena: false,
  }
  for (const [name, value] of Object.entries(options)) {
    const known = KNOWN[name]
    if (known !== undefined) chosen = { ...chosen, ...known(value) }
    else if (name.startsWith(PROVIDER)) providerOptions[name.slice(PROVIDER.length)] = value
    else if (name.includes('.')) extra[name] = typeof value === 'boolean' ? String(Number(value)) : String(value)
    else throw new WorkerError('invalid-request', `no option is named ${name} (${Object.keys(KNOWN).join(', ')})`)
  }
  return { ...chosen, extra, executionProviders: [{ name: provider, ...providerOptions }] }
}

/** Where a session on a device with memory of its own puts its outputs: the cache stays there, and the logits are chosen from on the host. */
export function leaveCacheOnDevice({ cache, logits }: GraphInterface): Record<string, 'cpu' | 'gpu-buffer'> {
  const presents = cache?.tensors.map(({ present }) => [present, 'gpu-buffer'] as const) ?? []
  return { [logits]: 'cpu', ...Object.fromEntries(presents) }
}
