/** Greedy generation, token by token. */
import type { Tensor } from 'onnxruntime-node'
import type { z } from 'zod'
import { WorkerError } from '../../protocol/failure.ts'
import type { GenerationSample, GraphInterface, Params } from '../../protocol/messages.ts'
import type { Answer } from '../../protocol/serve.ts'
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import type { Turn } from '../engine.ts'
import { createHostCache } from './cache.ts'
import { DeviceCache } from './device-cache.ts'
import type { KvCache } from './kv-cache.ts'
import { chunkTokens, prefillBeginning } from './prefill.ts'
import { type Prompt, readPrompt } from './prompt.ts'
import { RoleInputs } from './roles.ts'
import { type Feeds, type Fetches, free } from './runtime.ts'
import { halfToFloat, selectTopTwo, type TopTwo } from './select.ts'
import type { Session } from './session.ts'

export interface GenerationRequest {
  readonly prompt: Prompt
  readonly newTokens: number
  readonly stop: ReadonlySet<number>
  /** [batch, newTokens]: fed back instead of the chosen tokens. */
  readonly forced: BigInt64Array | null
  readonly keepLogits: boolean
  /** Prompt tokens for each pass of the prefill, where they were asked for. */
  readonly prefillChunk: number | undefined
}

export interface Generation {
  readonly steps: number
  /** [steps][batch]: what each step chose. */
  readonly choices: TopTwo[][]
  /** [steps]: [batch, vocabulary], where they were to be kept. */
  readonly logits: Float32Array[]
  readonly clocks: z.infer<typeof GenerationSample>
  /** Prompt tokens that each pass of the prefill took. */
  readonly prefillChunk: number
}

export async function generate(
  session: Session,
  params: Params<'generate'>,
  tensors: NamedTensors,
  turn: Turn,
): Promise<Answer<'generate'>> {
  const request = readRequest(session, params, tensors)
  const startedMs = performance.now()
  const generation = await generateTokens(session, request, turn)
  const durationMs = performance.now() - startedMs
  return { result: { durationMs }, tensors: generationTensors(session, request, generation) }
}

/** A request from the parameters and tensors of a call. @throws WorkerError `invalid-request` */
export function readRequest(
  session: Session,
  { newTokens, stop, logits, prefillChunk }: Omit<Params<'generate'>, 'handle'>,
  { forced_ids: forced, ...tensors }: NamedTensors,
): GenerationRequest {
  const graph = languageModel(session)
  const prompt = readPrompt(session, graph, tensors)
  if (prompt.positions !== null) throw invalid('position_ids belong to run: generate counts positions itself')
  const needed = prompt.tokens + newTokens - 1
  if (needed > graph.positions)
    throw invalid(`${prompt.tokens} + ${newTokens} tokens, and the model knows ${graph.positions} positions`)
  for (let row = 1; row <= prompt.batch; row++)
    if (prompt.mask[row * prompt.tokens - 1] === 0)
      throw invalid('a row that ends in padding cannot be continued: pad on the left')
  const request = { prompt, newTokens, stop: new Set(stop), keepLogits: logits, prefillChunk }
  if (forced === undefined) return { ...request, forced: null }
  if (forced.type !== 'i64' || forced.shape[0] !== prompt.batch || forced.shape[1] !== newTokens)
    throw invalid(`forced_ids is ${forced.type}[${forced.shape}], and must be i64[${prompt.batch}, ${newTokens}]`)
  const ids = new BigInt64Array(forced.bytes.slice().buffer)
  return { ...request, forced: ids }
}

/** The loop. Everything that a token needs is allocated before the first one, as far as sizes are known. */
export async function generateTokens(session: Session, request: GenerationRequest, turn: Turn): Promise<Generation> {
  const graph = languageModel(session)
  const { prompt, newTokens, stop, forced, keepLogits } = request
  const { batch } = prompt
  const clocks = { tokenMs: [] as number[], deviceMs: [] as number[], selectMs: [] as number[] }
  const choices: TopTwo[][] = []
  const logits: Float32Array[] = []
  const chosen = new BigInt64Array(batch)
  const isDone = new Uint8Array(batch)

  const dueMs = performance.now()
  const inputs = new RoleInputs(session.Tensor, graph, prompt)
  const cache = takeCache(session, graph, prompt, newTokens)
  const chunk = chunkTokens(graph, prompt, request.prefillChunk)
  const feeds: Feeds = { ...prompt.extras }
  const fetches: Fetches = { [graph.logits]: null }
  try {
    for (let step = 0; step < newTokens; step++) {
      if (turn.isInterrupted()) throw new WorkerError('interrupted', `interrupted after ${step} of ${newTokens} tokens`)
      let tokens = 1
      let deviceMs = 0
      if (step === 0) {
        const before = await prefillBeginning(session, inputs, chunk, prompt, cache, feeds, fetches)
        deviceMs += before.deviceMs
        tokens = prompt.tokens - before.tokens
        inputs.fillPrompt(feeds, { keep: 1, from: before.tokens, slots: cache?.slots ?? 0 })
      } else inputs.fillToken(feeds, chosen, prompt.tokens + step - 1, cache?.slots ?? 0)
      cache?.prepare(tokens, feeds, fetches)

      const sentMs = performance.now()
      const results = await session.run(feeds, fetches)
      const givenMs = performance.now()
      deviceMs += givenMs - sentMs

      const values = lastLogits(results[graph.logits], batch, graph.vocabulary)
      const row = Array.from({ length: batch }, (): TopTwo => ({ bestId: 0, best: 0, secondId: 0, second: 0 }))
      row.forEach((top, index) => {
        selectTopTwo(values, index * graph.vocabulary, graph.vocabulary, top)
        chosen[index] = BigInt(top.bestId)
      })
      const selectedMs = performance.now()

      clocks.deviceMs.push(deviceMs)
      clocks.selectMs.push(selectedMs - givenMs)
      clocks.tokenMs.push(selectedMs - dueMs)
      choices.push(row)
      if (keepLogits) logits.push(values)
      else free(values)
      cache?.advance(tokens, results)
      row.forEach((top, index) => {
        if (stop.has(top.bestId)) isDone[index] = 1
        if (forced !== null) chosen[index] = forced[index * newTokens + step] ?? 0n
      })
      if (stop.size > 0 && isDone.every(done => done === 1)) break
    }
  } catch (error) {
    cache?.dispose()
    throw error
  }
  session.spareCache = cache
  return { steps: choices.length, choices, logits, clocks, prefillChunk: chunk }
}

/** `sequences`, `top_ids`, `top_logits`, and `logits` where they were asked for. */
function generationTensors(session: Session, { prompt, keepLogits }: GenerationRequest, generation: Generation) {
  const { steps, choices, logits } = generation
  const { batch } = prompt
  const { vocabulary } = languageModel(session)
  const topIds = new BigInt64Array(batch * steps * 2)
  const topLogits = new Float32Array(batch * steps * 2)
  choices.forEach((row, step) => {
    row.forEach((top, index) => {
      const at = (index * steps + step) * 2
      topIds[at] = BigInt(top.bestId)
      topIds[at + 1] = BigInt(top.secondId)
      topLogits[at] = top.best
      topLogits[at + 1] = top.second
    })
  })
  const tensors = {
    sequences: tensorOf([batch, steps], sequencesOf(generation, batch)),
    top_ids: tensorOf([batch, steps, 2], topIds),
    top_logits: tensorOf([batch, steps, 2], topLogits),
  }
  if (!keepLogits) return tensors
  const all = new Float32Array(batch * steps * vocabulary)
  logits.forEach((values, step) => {
    for (let row = 0; row < batch; row++)
      all.set(values.subarray(row * vocabulary, (row + 1) * vocabulary), (row * steps + step) * vocabulary)
  })
  return { ...tensors, logits: tensorOf([batch, steps, vocabulary], all) }
}

/** The chosen tokens, [batch, steps]. */
export function sequencesOf({ steps, choices }: Generation, batch: number): BigInt64Array {
  const sequences = new BigInt64Array(batch * steps)
  choices.forEach((row, step) => {
    row.forEach((top, index) => {
      sequences[index * steps + step] = BigInt(top.bestId)
    })
  })
  return sequences
}

/** How the session's graph is driven. @throws WorkerError where it is no language model */
export function languageModel(session: Session): GraphInterface {
  if (session.interface === null) throw invalid('this model was loaded without an interface, so it cannot generate')
  return session.interface
}

/** A cache for this generation: the memory of the last one where it fits. */
function takeCache(session: Session, graph: GraphInterface, prompt: Prompt, newTokens: number): KvCache | null {
  const layout = graph.cache
  if (layout === null) {
    if (newTokens > 1) throw new WorkerError('unsupported', 'a model without a cache gives one token, not more')
    return null
  }
  const { batch, tokens } = prompt
  const spare = session.spareCache
  session.spareCache = null
  // On the host, attention over a shared buffer takes time for every slot, filled or not (measured on onnxruntime 1.30: about
  // 0.5 us a slot and layer), so that it grows in steps. On a device, where it cannot, it has room for everything.
  const expected = tokens + Math.min(newTokens - 1, session.residency === 'host' ? layout.step : newTokens)
  if (spare?.fits(batch, expected)) {
    spare.clear()
    return spare
  }
  spare?.dispose()
  return session.residency === 'host'
    ? createHostCache(session.Tensor, layout, batch, expected)
    : new DeviceCache(session.Tensor, layout, batch, expected)
}

/** The logits of the last position of each row as fp32, [batch, vocabulary]; a view where nothing has to be changed. */
function lastLogits(tensor: Tensor | undefined, batch: number, vocabulary: number): Float32Array {
  if (tensor === undefined) throw new Error('the model gave no logits')
  const { data, dims } = tensor
  const kept = dims[1] ?? 0
  if (dims.length !== 3 || dims[0] !== batch || dims[2] !== vocabulary || kept === 0)
    throw new WorkerError('failed', `the model gave logits [${dims}], not [${batch}, kept, ${vocabulary}]`)
  if (!(data instanceof Float32Array || data instanceof Uint16Array))
    throw new WorkerError('unsupported', `logits of type ${tensor.type}`)
  const last = kept === 1 ? data : lastPositions(data, batch, kept, vocabulary)
  return last instanceof Float32Array ? last : halfToFloat(last)
}

function lastPositions<T extends Float32Array | Uint16Array>(
  data: T,
  batch: number,
  kept: number,
  vocabulary: number,
): T {
  const size = batch * vocabulary
  const target = data instanceof Float32Array ? new Float32Array(size) : new Uint16Array(size)
  for (let row = 0; row < batch; row++) {
    const end = (row + 1) * kept * vocabulary
    target.set(data.subarray(end - vocabulary, end), row * vocabulary)
  }
  // The same type as `data`, by the line that made it.
  return target as T
}

function invalid(message: string): WorkerError {
  return new WorkerError('invalid-request', message)
}
