/** What a language model is asked: rows of tokens, which of them are real, and what else its graph takes. */
import type { Tensor } from 'onnxruntime-node'
import { WorkerError } from '../../protocol/failure.ts'
import type { GraphInterface, InputRole } from '../../protocol/messages.ts'
import { type NamedTensors, type TensorData, toNumbers } from '../../tensor.ts'
import { feedsOf, type Session } from './session.ts'

export interface Prompt {
  readonly batch: number
  readonly tokens: number
  /** [batch, tokens] */
  readonly ids: BigInt64Array
  /** [batch, tokens], 1 where a token is real. */
  readonly mask: Uint8Array
  /** [batch, tokens], where the host gave them; else they count the real tokens. */
  readonly positions: BigInt64Array | null
  /** Inputs of the graph without a role. */
  readonly extras: Readonly<Record<string, Tensor>>
}

/** The names under which a host sends what has a role; the graph's own names are taken too. */
const HOST_NAMES: Partial<Record<InputRole, string>> = {
  'input-ids': 'input_ids',
  'attention-mask': 'attention_mask',
  'position-ids': 'position_ids',
}

/** Reads a prompt from the tensors of a call. @throws WorkerError `invalid-request` naming what is wrong */
export function readPrompt(session: Session, graph: GraphInterface, tensors: NamedTensors): Prompt {
  const rest = new Map(Object.entries(tensors))
  const take = (role: InputRole): TensorData | undefined => {
    const own = Object.entries(graph.roles).find(([, other]) => other === role)?.[0]
    for (const name of [HOST_NAMES[role], own]) {
      const tensor = name === undefined ? undefined : rest.get(name)
      if (name === undefined || tensor === undefined) continue
      rest.delete(name)
      return tensor
    }
    return undefined
  }
  const ids = take('input-ids')
  if (ids === undefined) throw invalid('input_ids is missing')
  const [batch = 0, tokens = 0] = ids.shape
  if (ids.type !== 'i64' || ids.shape.length !== 2 || batch === 0 || tokens === 0)
    throw invalid(`input_ids is ${ids.type}[${ids.shape}], and must be i64[batch, tokens]`)
  if (tokens > graph.positions) throw invalid(`${tokens} tokens, and the model knows ${graph.positions} positions`)
  const values = new BigInt64Array(ids.bytes.slice().buffer)
  const wrong = values.find(id => id < 0n || id >= BigInt(graph.vocabulary))
  if (wrong !== undefined) throw invalid(`input_ids holds ${wrong}, and the vocabulary is ${graph.vocabulary}`)

  const fed = new Set([...Object.keys(graph.roles), ...(graph.cache?.tensors.map(tensor => tensor.past) ?? [])])
  const mask = readMask(take('attention-mask'), batch, tokens)
  if (!Object.values(graph.roles).some(role => role === 'attention-mask' || role === 'slot-mask'))
    refuseGaps(mask, tokens)
  const positions = readPositions(take('position-ids'), graph, batch, tokens)
  return {
    batch,
    tokens,
    ids: values,
    mask,
    positions,
    extras: feedsOf(
      session.Tensor,
      session.inputs.filter(input => !fed.has(input.name)),
      Object.fromEntries(rest),
    ),
  }
}

function readMask(tensor: TensorData | undefined, batch: number, tokens: number): Uint8Array {
  if (tensor === undefined) return new Uint8Array(batch * tokens).fill(1)
  if (tensor.shape.length !== 2 || tensor.shape[0] !== batch || tensor.shape[1] !== tokens)
    throw invalid(`attention_mask is [${tensor.shape}], and must be [${batch}, ${tokens}]`)
  return Uint8Array.from(toNumbers(tensor))
}

function readPositions(
  tensor: TensorData | undefined,
  graph: GraphInterface,
  batch: number,
  tokens: number,
): BigInt64Array | null {
  if (tensor === undefined) return null
  if (!Object.values(graph.roles).includes('position-ids'))
    throw new WorkerError('unsupported', 'position_ids: this graph counts positions itself')
  if (tensor.type !== 'i64' || tensor.shape.length !== 2 || tensor.shape[0] !== batch || tensor.shape[1] !== tokens)
    throw invalid(`position_ids is ${tensor.type}[${tensor.shape}], and must be i64[${batch}, ${tokens}]`)
  const positions = new BigInt64Array(tensor.bytes.slice().buffer)
  const wrong = positions.find(position => position < 0n || position >= BigInt(graph.positions))
  if (wrong !== undefined)
    throw invalid(`position_ids holds ${wrong}, and the model knows ${graph.positions} positions`)
  return positions
}

/** A graph that is told each row's length and no mask would look at padding that stands before a real token. */
function refuseGaps(mask: Uint8Array, tokens: number): void {
  for (let start = 0; start < mask.length; start += tokens) {
    const row = mask.subarray(start, start + tokens)
    const padding = row.indexOf(0)
    if (padding >= 0 && row.includes(1, padding))
      throw new WorkerError('unsupported', 'padding before real tokens: this graph takes no attention mask')
  }
}

function invalid(message: string): WorkerError {
  return new WorkerError('invalid-request', message)
}
