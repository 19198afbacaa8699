import type { Graph, Tensor } from '../graph/index.ts'
import type { OnnxNode, OnnxValue } from '../onnx/model.ts'
import type { GraphInterface } from '../protocol/messages.ts'
import { type Constant, Emitter, MICROSOFT } from './emitter.ts'
import { lowerLanguage } from './language.ts'
import { Lowering } from './lowering.ts'
import { ort } from './ort.ts'
import type { Policy } from './policy.ts'
import { portable } from './portable.ts'
import { rangeKeys, rounded } from './quantised.ts'

/** A model as operators of one dialect: everything but the bytes of its constants. */
export interface LoweredGraph {
  readonly nodes: readonly OnnxNode[]
  readonly constants: readonly Constant[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly opsets: Readonly<Record<string, number>>
  /** How a language model is driven token by token; null for a model that is run as it stands. */
  readonly interface: GraphInterface | null
}

/** Standard ONNX operators are those of opset 21 (ONNX 1.16, 2024), the first with blocked 4- and 8-bit quantisation. */
export const OPSET = 21
/** The first in which convolutions and poolings take bfloat16 (ONNX 1.17); no operator here means another thing in it. */
const OPSET_BF16 = 22

/** Lowers a traced model by a policy. Floating-point inputs and outputs are fp32, whatever it computes in. */
export function lower(graph: Graph, policy: Policy): LoweredGraph {
  const emit = new Emitter()
  const isOrt = policy.dialect === 'ort'
  const isBf16Image = graph.kind === 'vision' && policy.float === 'bf16'
  const lowering = new Lowering(graph, policy, isOrt ? ort : portable, emit, policy.rounding && rounding(graph))
  const driven = graph.kind === 'language' ? lowerLanguage(lowering) : lowerOutputs(lowering)
  return {
    nodes: emit.nodes,
    constants: [...emit.constants.values()],
    inputs: emit.inputs,
    outputs: emit.outputs,
    opsets: { '': isBf16Image ? OPSET_BF16 : OPSET, ...(isOrt ? { [MICROSOFT]: 1 } : {}) },
    interface: driven,
  }
}

/** Rounds what static quantisation rounds, or has its range come out. */
function rounding(graph: Graph) {
  const keys = rangeKeys(graph.nodes, tensor => graph.nodes.filter(({ inputs }) => inputs.includes(tensor)))
  return (lowering: Lowering, tensor: Tensor, value: string) => {
    const key = keys.get(tensor)
    return key === undefined ? value : rounded(lowering, key, tensor.node.path, value)
  }
}

/** Emits the outputs of a model that is run as it stands, under their own names. */
function lowerOutputs(lowering: Lowering): null {
  const { emit, graph } = lowering
  for (const [name, tensor] of graph.outputs) {
    const isFloat = tensor.type !== 'int'
    const value = lowering.value(tensor)
    const given = isFloat ? lowering.cast(name, value, lowering.floatOf(tensor), 'f32') : value
    emit.nodeWith(name, 'Identity', [given], [name])
    emit.outputs.push({ name, type: isFloat ? 'f32' : 'i64', shape: tensor.shape })
  }
  return null
}
