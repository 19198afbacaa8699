import type { Graph } from '../graph/index.ts'
import type { OnnxNode, OnnxValue } from '../onnx/model.ts'
import type { GraphInterface, InputRole } from '../protocol/messages.ts'
import { cacheLayout } from './cache-layout.ts'
import { type Constant, Emitter, MICROSOFT } from './emitter.ts'
import { inputAt, Lowering } from './lowering.ts'
import { ort } from './ort.ts'
import type { Policy } from './policy.ts'
import { cacheNames, portable } from './portable.ts'

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
  if (isOrt) keepLastPositions(lowering)
  const logits = lowering.cast('logits', lowering.value(graph.logits), policy.float, 'f32')
  emit.nodeWith('logits', 'Identity', [logits], ['logits'])
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

/** Logits only of the last positions: what the head reads is cut to `logits_to_keep` tokens (0: all), as in transformers. */
function keepLastPositions(lowering: Lowering): void {
  const { emit, graph } = lowering
  const hidden = inputAt(graph.logits.node, 0)
  emit.inputs.push({ name: 'logits_to_keep', type: 'i64', shape: [1] })
  const start = emit.node('kept', 'Neg', ['logits_to_keep'])
  const end = emit.integers(2 ** 31 - 1)
  lowering.bind(hidden, emit.node('kept', 'Slice', [lowering.value(hidden), start, end, emit.integers(1)]))
}

function describeInterface(lowering: Lowering): GraphInterface {
  const { graph, policy, emit } = lowering
  const roles = emit.inputs.flatMap(({ name }) => (ROLES[name] ? [[name, ROLES[name]] as const] : []))
  const [shape] = graph.caches
  return {
    roles: Object.fromEntries(roles),
    cache: shape
      ? {
          layout: cacheLayout(lowering),
          type: policy.float,
          heads: shape.heads,
          headDim: shape.headDim,
          step: CACHE_STEP,
          tensors: graph.caches.flatMap((_, layer) => {
            const names = cacheNames(layer)
            return [
              { past: names.pastKey, present: names.presentKey },
              { past: names.pastValue, present: names.presentValue },
            ]
          }),
        }
      : null,
    logits: 'logits',
    vocabulary: graph.vocabulary,
    positions: graph.maxPositions,
  }
}
