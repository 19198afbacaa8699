/** What a fused attention swallows: the projections, rotation and cache around one `attend` node. */
import type { Rope, Tensor } from '../graph/index.ts'
import { inputAt, isKind, type Lowering, type NodeOf, outputOf } from './lowering.ts'
import { floatWeights } from './published-weights.ts'
import { canStack, stackedProduct } from './stacked-product.ts'

/** What a fused attention takes instead of q, k, v: their values as [batch, tokens, heads * headDim], before norm and rotation. */
export interface AttentionParts {
  readonly cache: NodeOf<'cache'>
  readonly rope: Rope | null
  /** The norms of each head of queries and of keys, where there are any. */
  readonly norms: { readonly q: NodeOf<'rmsNorm'> | null; readonly k: NodeOf<'rmsNorm'> | null }
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
}

/** What a value was before its heads were taken apart, [batch, tokens, heads * headDim]; null where it was never one. */
export function beforeHeads(tensor: Tensor): Tensor | null {
  const { node } = tensor
  return isKind(node, 'rearrange') && node.operation.steps.pattern === 'b t (h d) -> b h t d' ? inputAt(node, 0) : null
}

function unrotated(tensor: Tensor): { rope: Rope | null; x: Tensor } {
  const { node } = tensor
  return isKind(node, 'rope') ? { rope: node.operation.rope, x: inputAt(node, 0) } : { rope: null, x: tensor }
}

function beforeNorm(tensor: Tensor): { norm: NodeOf<'rmsNorm'> | null; x: Tensor } {
  const { node } = tensor
  return isKind(node, 'rmsNorm') ? { norm: node, x: inputAt(node, 0) } : { norm: null, x: tensor }
}

export function attentionParts(node: NodeOf<'attend'>): AttentionParts | null {
  const cache = inputAt(node, 1).node
  if (!isKind(cache, 'cache')) return null
  const [query, key] = [unrotated(inputAt(node, 0)), unrotated(inputAt(cache, 0))]
  if (JSON.stringify(query.rope) !== JSON.stringify(key.rope)) return null
  const [normedQuery, normedKey] = [beforeNorm(query.x), beforeNorm(key.x)]
  const [q, k, v] = [beforeHeads(normedQuery.x), beforeHeads(normedKey.x), beforeHeads(inputAt(cache, 1))]
  const norms = { q: normedQuery.norm, k: normedKey.norm }
  return q && k && v ? { cache, rope: query.rope, norms, q, k, v } : null
}

/** The parts of an attention that is known to have them. */
export function requiredParts(node: NodeOf<'attend'>): AttentionParts {
  const parts = attentionParts(node)
  if (!parts) throw new Error(`${node.path}: attention of an unknown form`)
  return parts
}

/** Q, K and V side by side in one value, [batch, tokens, (heads + 2 kvHeads) * headDim], where one product makes them; else null. */
export function packedProjections(lowering: Lowering, { q, k, v }: AttentionParts): string | null {
  const nodes = [q, k, v].map(({ node }) => node)
  const isReadOnce = [q, k, v].every(tensor => lowering.consumers(tensor).length === 1)
  if (!isReadOnce) return null
  const [first] = nodes
  if (first && isKind(first, 'split') && [q, k, v].every((tensor, index) => tensor === first.outputs[index]))
    return lowering.value(inputAt(first, 0))
  return canStack(lowering, nodes) ? stackedProduct(lowering, nodes) : null
}

/** An RMS norm of each head of [.., heads * headDim]; itself where there is none. */
export function normOfHeads(
  lowering: Lowering,
  norm: NodeOf<'rmsNorm'> | null,
  x: string,
  { heads, headDim }: { readonly heads: number; readonly headDim: number },
): string {
  if (norm === null) return x
  const { emit } = lowering
  const { path, operation } = norm
  const apart = emit.node(path, 'Reshape', [x, emit.integers(0, 0, heads, headDim)])
  const attributes = { axis: { int: -1 }, epsilon: { float: operation.epsilon }, stash_type: { int: 1 } }
  const inputs = [apart, floatWeights(lowering, [operation.weight])]
  const normed = emit.node(path, 'SimplifiedLayerNormalization', inputs, attributes)
  return emit.node(path, 'Reshape', [normed, emit.integers(0, 0, heads * headDim)])
}

/** The attention's output is already [batch, tokens, heads * headDim]: whoever merges heads gets it as it is. */
export function bindMerged(lowering: Lowering, node: NodeOf<'attend'>, output: string): void {
  const attended = outputOf(node)
  for (const consumer of lowering.consumers(attended)) {
    if (!isKind(consumer, 'rearrange') || consumer.operation.steps.pattern !== 'b h t d -> b t (h d)')
      throw new Error(`${node.path}: ${consumer.operation.kind} of attention before its heads are merged`)
    lowering.bind(outputOf(consumer), output)
  }
  lowering.bind(attended, output)
}
