/** Attention in which every position sees all of them, with no cache, as one MultiHeadAttention operator. */
import { beforeHeads, bindMerged } from './attention-parts.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, type Lowering, type NodeOf } from './lowering.ts'
import { fixedSize } from './portable.ts'
import { floatWeights } from './published-weights.ts'
import { canStack, stackedMatrix } from './stacked-product.ts'

/** Whether an attention is of a form that the operator takes: as many heads of keys as of queries, made of [batch, tokens, features]. */
function fusableParts(node: NodeOf<'attend'>) {
  const [query, keys, values] = [inputAt(node, 0), inputAt(node, 1), inputAt(node, 2)]
  const [q, k, v] = [beforeHeads(query), beforeHeads(keys), beforeHeads(values)]
  const heads = fixedSize(query, 1)
  if (node.operation.isCausal || !q || !k || !v || heads !== fixedSize(keys, 1)) return null
  return { heads, parts: [q, k, v] }
}

/** Lowers an attention without causality and gives true, or leaves it as it is. The biases of its projections go into the operator. */
export function imageAttention(lowering: Lowering, node: NodeOf<'attend'>): boolean {
  const fusable = fusableParts(node)
  if (fusable === null) return false
  const { emit } = lowering
  const { path, operation } = node
  const { heads, parts } = fusable
  const linears = parts.map(part => part.node)
  const isStacked = parts.every(part => lowering.consumers(part).length === 1) && canStack(lowering, linears)
  const attributes = { num_heads: { int: heads }, scale: { float: operation.scale } }
  const inputs = isStacked ? stackedInputs(lowering, linears, path) : parts.map(part => lowering.value(part))
  bindMerged(lowering, node, emit.node(path, 'MultiHeadAttention', inputs, attributes, MICROSOFT))
  return true
}

function stackedInputs(lowering: Lowering, linears: readonly NodeOf<'linear'>[], path: string): string[] {
  const { emit } = lowering
  const biases = linears.flatMap(({ operation }) => operation.bias ?? [])
  const parts = linears.map((_, index) => emit.name(path, `part_${index}`))
  emit.nodeWith(path, 'Split', [stackedMatrix(lowering, linears)], parts, {
    axis: { int: -1 },
    num_outputs: { int: 3 },
  })
  return [...parts, ...(biases.length === 0 ? [] : [floatWeights(lowering, biases)])]
}
