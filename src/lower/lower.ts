import type { Graph, Tensor } from '../graph/index.ts'
import type { OnnxNode, OnnxValue } from '../onnx/model.ts'
import type { GraphInterface, InputRole } from '../protocol/messages.ts'
import { cacheLayout } from './cache-layout.ts'
import { type Constant, Emitter, MICROSOFT } from './emitter.ts'
import { inputAt, inputName, Lowering } from './lowering.ts'
import { ort } from './ort.ts'
import type { Policy } from './policy.ts'
import { cacheNames, portable } from './portable.ts'
import { NEW_ROWS, returnRows } from './rows-attention.ts'

/** A model as operators of one dialect: everything but the bytes of its constants. */
export interface LoweredGraph {
  readonly nodes: readonly OnnxNode[]
  readonly constants: readonly Constant[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly opsets: Readonly<Record<string, number>>
  readonly interface: GraphInterface
}

/** Standard ONNX operators are those of opset 21 (ONNX 1.16, 2024), the first with blocked 4- and 8-bit quantisation. */
export const OPSET = 21

/** Slots by which a shared cache grows: attention over it costs a pass over all slots, a growth a copy of them. */
const CACHE_STEP = 64

const ROLES: Readonly<Record<string, InputRole>> = {
  input_ids: 'input-ids',
  attention_mask: 'attention-mask',
  slot_mask: 'slot-mask',
  position_ids: 'position-ids',
  last_index: 'last-index',
  total_length: 'total-length',
  logits_to_keep: 'logits-to-keep',
}

/** Lowers a traced language model by a policy. The output is `logits`, fp32 [batch, kept, vocabulary], beside the cache. */
export function lower(graph: Graph, policy: Policy): LoweredGraph {
  const emit = new Emitter()
  const isOrt = policy.dialect === 'ort'
  const lowering = new Lowering(graph, policy, isOrt ? ort : portable, emit)
  lowering.value(graph.ids)
  const isTokensFirst = cacheLayout(lowering) === 'rows'
  if (isTokensFirst) putTokensFirst(lowering)
  if (isOrt) keepLastPositions(lowering, isTokensFirst)
  const logits = lowering.cast('logits', lowering.value(graph.logits), policy.float, 'f32')
  emit.nodeWith('logits', 'Identity', [logits], ['logits'])
  if (isTokensFirst) returnRows(lowering)
  emit.outputs.unshift({ name: 'logits', type: 'f32', shape: ['batch', isOrt ? 'kept' : 'tokens', graph.vocabulary] })
  return {
    nodes: emit.nodes,
    constants: [...emit.constants.values()],
    inputs: emit.inputs,
    outputs: emit.outputs,
    opsets: { '': OPSET, ...(isOrt ? { [MICROSOFT]: 1 } : {}) },
    interface: describeInterface(lowering),
  }
}

/**
 * All activations as [tokens, batch, features], by turning the ids and positions: the rows of keys and values are then in the
 * order of a cache of rows as they leave their product, and no layer has to move them.
 */
function putTokensFirst(lowering: Lowering): void {
  const { emit, graph } = lowering
  const turn = (input: Tensor) => {
    const turned = emit.node(inputName(input), 'Transpose', [lowering.value(input)], { perm: { ints: [1, 0] } })
    lowering.bind(input, turned)
  }
  turn(graph.ids)
  if (lowering.consumers(graph.positions).length > 0) turn(graph.positions)
}

/** Logits only of the last positions: what the head reads is cut to `logits_to_keep` tokens (0: all), as in transformers. */
function keepLastPositions(lowering: Lowering, isTokensFirst: boolean): void {
  const { emit, graph } = lowering
  const hidden = inputAt(graph.logits.node, 0)
  emit.inputs.push({ name: 'logits_to_keep', type: 'i64', shape: [1] })
  const start = emit.node('kept', 'Neg', ['logits_to_keep'])
  const end = emit.integers(2 ** 31 - 1)
  const axis = emit.integers(isTokensFirst ? 0 : 1)
  const kept = emit.node('kept', 'Slice', [lowering.value(hidden), start, end, axis])
  lowering.bind(hidden, isTokensFirst ? emit.node('kept', 'Transpose', [kept], { perm: { ints: [1, 0, 2] } }) : kept)
}

function describeInterface(lowering: Lowering): GraphInterface {
  const { graph, policy, emit } = lowering
  const roles = emit.inputs.flatMap(({ name }) => (ROLES[name] ? [[name, ROLES[name]] as const] : []))
  const [shape] = graph.caches
  const layout = cacheLayout(lowering)
  return {
    roles: Object.fromEntries(roles),
    cache: shape
      ? {
          layout,
          type: policy.float,
          heads: shape.heads,
          headDim: shape.headDim,
          step: CACHE_STEP,
          tensors: graph.caches.flatMap((_, layer) => {
            const { pastKey, pastValue, presentKey, presentValue } = cacheNames(layer)
            return [
              { past: pastKey, present: layout === 'rows' ? NEW_ROWS : presentKey },
              { past: pastValue, present: layout === 'rows' ? NEW_ROWS : presentValue },
            ]
          }),
        }
      : null,
    logits: 'logits',
    vocabulary: graph.vocabulary,
    positions: graph.maxPositions,
  }
}
