/** One forward pass, and its outputs. */
import { WorkerError } from '../../protocol/failure.ts'
import type { Params } from '../../protocol/messages.ts'
import type { Answer } from '../../protocol/serve.ts'
import type { NamedTensors, TensorData } from '../../tensor.ts'
import { BYTES_PER_ELEMENT } from '../../tensor.ts'
import { createHostCache } from './cache.ts'
import { readPrompt } from './prompt.ts'
import { RoleInputs } from './roles.ts'
import type { Feeds, Fetches } from './runtime.ts'
import { feedsOf, type Session } from './session.ts'
import { fromOrt } from './tensors.ts'

/** A pass that is ready to be made, as often as one likes. */
export interface Pass {
  readonly feeds: Feeds
  readonly fetches: Fetches
  /** Outputs that are fetched only to be given back. */
  readonly unwanted: ReadonlySet<string>
  /** Logits of only the last positions, cut here where the graph has no input that says so; 0 for all. */
  readonly logitsToKeep: number
}

export async function run(session: Session, params: Params<'run'>, tensors: NamedTensors): Promise<Answer<'run'>> {
  const pass = preparePass(session, params, tensors)
  const startedMs = performance.now()
  const results = await session.run(pass.feeds, pass.fetches)
  const durationMs = performance.now() - startedMs
  return { result: { durationMs }, tensors: passOutputs(session, pass, results) }
}

/** Feeds and fetches of one pass; roles and an empty cache are filled in. @throws WorkerError `invalid-request` */
export function preparePass(
  session: Session,
  { outputs, logitsToKeep }: Pick<Params<'run'>, 'outputs' | 'logitsToKeep'>,
  tensors: NamedTensors,
): Pass {
  const graph = session.interface
  const presents = new Set(graph?.cache?.tensors.map(tensor => tensor.present))
  const known = session.outputs.map(output => output.name)
  const unknown = outputs?.find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new WorkerError('invalid-request', `the model has no output ${unknown} (${known.join(', ')})`)
  const wanted = outputs ?? known.filter(name => !presents.has(name))
  const fetches: Fetches = Object.fromEntries(wanted.map(name => [name, null]))
  if (graph === null)
    return { feeds: feedsOf(session.Tensor, session.inputs, tensors), fetches, unwanted: new Set(), logitsToKeep: 0 }

  const prompt = readPrompt(session, graph, tensors)
  const feeds: Feeds = { ...prompt.extras }
  const keep = logitsToKeep === 0 ? prompt.tokens : Math.min(logitsToKeep, prompt.tokens)
  const cache = graph.cache && createHostCache(session.Tensor, graph.cache, prompt.batch, 1)
  cache?.prepare(prompt.tokens, feeds, {})
  new RoleInputs(session.Tensor, graph, prompt).fillPrompt(feeds, { keep, slots: cache?.slots ?? 0 })
  const unwanted =
    session.residency === 'device' ? new Set([...presents].filter(name => !wanted.includes(name))) : new Set<string>()
  // A session that leaves outputs on the device writes one that is not fetched to where the last generation had it
  // (onnxruntime-node 1.30), which may be of another size by now.
  for (const name of unwanted) fetches[name] = null
  const canKeep = Object.values(graph.roles).includes('logits-to-keep')
  return { feeds, fetches, unwanted, logitsToKeep: canKeep ? 0 : keep }
}

/** What a pass gave. */
export function passOutputs(session: Session, pass: Pass, results: Feeds): NamedTensors {
  const tensors: Record<string, TensorData> = {}
  for (const [name, tensor] of Object.entries(results)) {
    if (pass.unwanted.has(name)) {
      tensor.dispose()
      continue
    }
    const given = fromOrt(tensor)
    const isLogits = name === session.interface?.logits
    tensors[name] = isLogits && pass.logitsToKeep > 0 ? lastPositions(given, pass.logitsToKeep) : given
  }
  return tensors
}

/** The last `keep` positions of [batch, positions, ...]; the tensor itself where that is all of them. */
function lastPositions(tensor: TensorData, keep: number): TensorData {
  const [batch = 0, positions = 0, ...inner] = tensor.shape
  if (positions <= keep) return tensor
  const size = inner.reduce((product, axis) => product * axis, BYTES_PER_ELEMENT[tensor.type])
  const bytes = new Uint8Array(batch * keep * size)
  for (let row = 0; row < batch; row++) {
    const end = (row + 1) * positions * size
    bytes.set(tensor.bytes.subarray(end - keep * size, end), row * keep * size)
  }
  return { type: tensor.type, shape: [batch, keep, ...inner], bytes }
}
