/** Attention as one GroupQueryAttention operator, with rotation and cache inside it. */
import type { Rope, Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf, outputOf } from './lowering.ts'
import { cacheNames, fixedSize } from './portable.ts'
import { rotaryKey, rotaryTables } from './rotary.ts'
import { siblingLinears, stackedProduct } from './stacked-product.ts'

/** What a fused attention takes instead of q, k, v: their values as [batch, tokens, heads * headDim], before rotation. */
interface AttentionParts {
  readonly cache: NodeOf<'cache'>
  readonly rope: Rope | null
  readonly q: Tensor
  readonly k: Tensor
  readonly v: Tensor
}

function beforeHeads(tensor: Tensor): Tensor | null {
  const { node } = tensor
  return isKind(node, 'rearrange') && node.operation.steps.pattern === 'b t (h d) -> b h t d' ? inputAt(node, 0) : null
}

function unrotated(tensor: Tensor): { rope: Rope | null; x: Tensor } {
  const { node } = tensor
  return isKind(node, 'rope') ? { rope: node.operation.rope, x: inputAt(node, 0) } : { rope: null, x: tensor }
}

function attentionParts(node: NodeOf<'attend'>): AttentionParts | null {
  const cache = inputAt(node, 1).node
  if (!isKind(cache, 'cache')) return null
  const [query, key] = [unrotated(inputAt(node, 0)), unrotated(inputAt(cache, 0))]
  if (JSON.stringify(query.rope) !== JSON.stringify(key.rope)) return null
  const [q, k, v] = [beforeHeads(query.x), beforeHeads(key.x), beforeHeads(inputAt(cache, 1))]
  return q && k && v ? { cache, rope: query.rope, q, k, v } : null
}

/** GroupQueryAttention rotates whole multiples of 16 features and takes heads of multiples of 8. */
function isFusable(node: NodeOf<'attend'>): boolean {
  const parts = attentionParts(node)
  return parts !== null && fixedSize(inputAt(node, 0), -1) % (parts.rope ? 16 : 8) === 0
}

/** Whether every attention of a graph can be fused: its caches are then shared buffers, otherwise none is. */
export function hasFusedAttention(lowering: Lowering): boolean {
  return lowering.once('fused attention', () =>
    lowering.graph.nodes.every(node => !isKind(node, 'attend') || isFusable(node)),
  )
}

export function groupQueryAttention(lowering: Lowering, node: NodeOf<'attend'>): void {
  const { emit, policy } = lowering
  const parts = attentionParts(node)
  if (!parts) throw new Error(`${node.path}: attention of an unknown form`)
  const { path } = node
  const [query, keys] = [inputAt(node, 0), inputAt(node, 1)]
  const [heads, kvHeads, headDim] = [fixedSize(query, 1), fixedSize(keys, 1), fixedSize(query, -1)]
  const names = cacheNames(parts.cache.operation.layer)
  for (const [past, present] of [
    [names.pastKey, names.presentKey],
    [names.pastValue, names.presentValue],
  ] as const) {
    emit.inputs.push({ name: past, type: policy.float, shape: ['batch', kvHeads, 'slots', headDim] })
    emit.outputs.push({ name: present, type: policy.float, shape: ['batch', kvHeads, 'slots', headDim] })
  }
  const inputs = [
    ...queryKeyValue(lowering, parts),
    names.pastKey,
    names.pastValue,
    sequenceInput(lowering, 'last_index', ['batch']),
    sequenceInput(lowering, 'total_length', []),
    ...(parts.rope ? tables(lowering, headDim, parts.rope) : []),
  ]
  const attributes = {
    num_heads: { int: heads },
    kv_num_heads: { int: kvHeads },
    scale: { float: node.operation.scale },
    ...(parts.rope ? { do_rotary: { int: 1 }, rotary_interleaved: { int: 0 } } : {}),
  }
  const output = emit.name(path, 'GroupQueryAttention')
  emit.nodeWith(
    path,
    'GroupQueryAttention',
    inputs,
    [output, names.presentKey, names.presentValue],
    attributes,
    MICROSOFT,
  )
  bindMerged(lowering, node, output)
}

/** Q, K and V packed in one value where one product makes them, else apart. */
function queryKeyValue(lowering: Lowering, { q, k, v }: AttentionParts): string[] {
  const nodes = [q, k, v].map(({ node }) => node)
  const [first] = nodes
  if (first && isKind(first, 'linear')) {
    const siblings = siblingLinears(lowering, first)
    const isPacked = siblings.length === 3 && siblings.every((sibling, index) => sibling === nodes[index])
    if (isPacked && nodes.every(({ outputs: [output] }) => output && lowering.consumers(output).length === 1))
      return [stackedProduct(lowering, siblings), '', '']
  }
  return [q, k, v].map(tensor => lowering.value(tensor))
}

/** The attention's output is already [batch, tokens, heads * headDim]: whoever merges heads gets it as it is. */
function bindMerged(lowering: Lowering, node: NodeOf<'attend'>, output: string): void {
  const attended = outputOf(node)
  for (const consumer of lowering.consumers(attended)) {
    if (!isKind(consumer, 'rearrange') || consumer.operation.steps.pattern !== 'b h t d -> b t (h d)')
      throw new Error(`${node.path}: ${consumer.operation.kind} of attention before its heads are merged`)
    lowering.bind(outputOf(consumer), output)
  }
  lowering.bind(attended, output)
}

function sequenceInput(lowering: Lowering, name: string, shape: string[]): string {
  return lowering.once(name, () => {
    lowering.emit.inputs.push({ name, type: 'i32', shape })
    return name
  })
}

function tables(lowering: Lowering, headDim: number, rope: Rope): string[] {
  const { emit, graph, policy } = lowering
  const key = rotaryKey(headDim, rope)
  return lowering.once(`${key}/tables`, () => {
    const { cos, sin } = rotaryTables(graph.maxPositions, headDim, rope)
    const shape = [graph.maxPositions, headDim / 2]
    const table = (name: string, values: Float32Array) =>
      lowering.cast(key, emit.values(`${key}/${name}`, tensorOf(shape, values)), 'f32', policy.float)
    return [table('cos', cos), table('sin', sin)]
  })
}
