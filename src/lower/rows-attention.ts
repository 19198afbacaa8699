/**
 * Attention over a cache that the loop keeps: the graph reads the past where it lies and gives back only the new rows.
 *
 * For runtimes that copy every output (onnxruntime-node 1.30 does, pre-allocated or not): a present as long as the past would
 * cost a pass over the whole cache for each token. The past is [batch, kvHeads, 1, slots, headDim], so that each head is one
 * piece of memory that all query heads of its group read in turn, each by a matrix-vector product; empty slots are hidden by
 * the mask.
 */
import {
  type AttentionParts,
  attentionParts,
  bindMerged,
  normOfHeads,
  packedProjections,
  requiredParts,
} from './attention-parts.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf } from './lowering.ts'
import { causalMask } from './mask.ts'
import { cacheNames, fixedSize } from './portable.ts'
import { rotaryTables, rotatedFeatures } from './rotary.ts'

/** Whether every attention of a graph has the form that this file lowers. */
export function canReturnRows(lowering: Lowering): boolean {
  return lowering.once('rows attention', () =>
    lowering.graph.nodes.every(node => !isKind(node, 'attend') || attentionParts(node) !== null),
  )
}

interface Sizes {
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
}

/** The output with the new rows of all layers, [tokens, batch, layers * 2 * kvHeads * headDim]. */
export const NEW_ROWS = 'present'

export function rowsAttention(lowering: Lowering, node: NodeOf<'attend'>): void {
  const { emit, policy } = lowering
  const { path } = node
  const parts = requiredParts(node)
  const [query, keys] = [inputAt(node, 0), inputAt(node, 1)]
  const [heads, kvHeads, headDim] = [fixedSize(query, 1), fixedSize(keys, 1), fixedSize(query, -1)]
  const groups = heads / kvHeads
  const { q, k, v } = projections(lowering, path, parts, { heads, kvHeads, headDim })
  const names = cacheNames(parts.cache.operation.layer)
  for (const past of [names.pastKey, names.pastValue])
    emit.inputs.push({ name: past, type: policy.float, shape: ['batch', kvHeads, 1, 'slots', headDim] })
  newRowsByLayer(lowering).set(parts.cache.operation.layer, [k, v])
  const row = emit.integers(0, 0, kvHeads, 1, headDim)
  const [newKeys, newValues] = [emit.node(path, 'Reshape', [k, row]), emit.node(path, 'Reshape', [v, row])]

  // The scale is a factor of its own, since a product of one row with alpha other than 1 misses MLAS's matrix-vector kernel.
  const scaled = emit.node(path, 'Mul', [q, emit.float(node.operation.scale, policy.float)])
  const queries = emit.node(path, 'Reshape', [scaled, emit.integers(0, 0, kvHeads, groups, headDim)])
  const pastScores = emit.node(path, 'FusedMatMul', [queries, names.pastKey], OF_PAST_KEYS, MICROSOFT)
  const newScores = emit.node(path, 'FusedMatMul', [queries, newKeys], OF_NEW_KEYS, MICROSOFT)
  const all = emit.node(path, 'Concat', [pastScores, newScores], { axis: { int: -1 } })
  const all32 = lowering.cast(path, all, policy.float, 'f32')
  const masked = emit.node(path, 'Add', [all32, rowsMask(lowering, node.operation.window)])
  const weights = lowering.cast(path, emit.node(path, 'Softmax', [masked], { axis: { int: -1 } }), 'f32', policy.float)

  const [ofPast, ofNew] = [emit.name(path, 'past'), emit.name(path, 'new')]
  emit.nodeWith(path, 'Split', [weights, splitPoints(lowering)], [ofPast, ofNew], { axis: { int: -1 } })
  const pastMix = emit.node(path, 'MatMul', [ofPast, names.pastValue])
  const newMix = emit.node(path, 'FusedMatMul', [ofNew, newValues], OF_NEW_VALUES, MICROSOFT)
  const mixed = emit.node(path, 'Add', [pastMix, newMix]) // [B, K, G, T, d]
  const byToken = emit.node(path, 'Transpose', [mixed], { perm: { ints: [3, 0, 1, 2, 4] } })
  bindMerged(lowering, node, emit.node(path, 'Reshape', [byToken, emit.integers(0, 0, heads * headDim)]))
}

/** q kᵀ: the tokens of q [tokens, batch, kvHeads, groups, headDim] move behind its heads, and so do those of new rows [tokens, batch, kvHeads, 1, headDim]. */
const OF_PAST_KEYS = { transBatchA: { int: 1 }, transB: { int: 1 } } as const
const OF_NEW_KEYS = { ...OF_PAST_KEYS, transBatchB: { int: 1 } } as const
const OF_NEW_VALUES = { transBatchB: { int: 1 } } as const

/** The normed and rotated query and key and the value, [tokens, batch, heads * headDim] each. */
function projections(lowering: Lowering, path: string, parts: AttentionParts, { heads, kvHeads, headDim }: Sizes) {
  const { emit } = lowering
  const [queryWidth, keyWidth] = [heads * headDim, kvHeads * headDim]
  const last = { axis: { int: -1 } } as const
  const turned = (x: string, count: number) => rotated(lowering, path, parts, x, { heads: count, headDim })
  const packed = packedProjections(lowering, parts)
  const [q, k, v] = [emit.name(path, 'queries'), emit.name(path, 'keys'), emit.name(path, 'values')]
  if (packed !== null && parts.norms.q === null && parts.norms.k === null) {
    const both = emit.name(path, 'queries_keys')
    emit.nodeWith(path, 'Split', [packed, emit.integers(queryWidth + keyWidth, keyWidth)], [both, v], last)
    const rotated = turned(both, heads + kvHeads)
    emit.nodeWith(path, 'Split', [rotated, emit.integers(queryWidth, keyWidth)], [q, k], last)
    return { q, k, v }
  }
  if (packed !== null)
    emit.nodeWith(path, 'Split', [packed, emit.integers(queryWidth, keyWidth, keyWidth)], [q, k, v], last)
  const query = packed === null ? lowering.value(parts.q) : q
  const key = packed === null ? lowering.value(parts.k) : k
  return {
    q: turned(normOfHeads(lowering, parts.norms.q, query, { heads, headDim }), heads),
    k: turned(normOfHeads(lowering, parts.norms.k, key, { heads: kvHeads, headDim }), kvHeads),
    v: packed === null ? lowering.value(parts.v) : v,
  }
}

/** Rotates heads side by side in [tokens, batch, heads * headDim]: what the operator takes for rows of a batch are tokens here. */
function rotated(
  lowering: Lowering,
  path: string,
  { rope }: AttentionParts,
  x: string,
  { heads, headDim }: { readonly heads: number; readonly headDim: number },
): string {
  if (rope === null) return x
  const { emit, language } = lowering
  const { cos, sin } = rotaryTables(lowering, headDim, rope)
  const inputs = [x, lowering.value(language.positions), cos, sin]
  const features = rotatedFeatures(headDim, rope)
  const partial = features < headDim ? { rotary_embedding_dim: { int: features }, num_heads: { int: heads } } : {}
  return emit.node(path, 'RotaryEmbedding', inputs, { interleaved: { int: 0 }, ...partial }, MICROSOFT)
}

/** The new keys and values of the layers so far, [tokens, batch, kvHeads * headDim] each. */
function newRowsByLayer(lowering: Lowering): Map<number, readonly [string, string]> {
  return lowering.once('new rows', () => new Map())
}

/** Gives the new rows of all layers back as one output, since a runtime's cost of an output is that of many small operators. */
export function returnRows(lowering: Lowering): void {
  const { emit, policy, language } = lowering
  const width = language.caches.reduce((sum, { heads, headDim }) => sum + 2 * heads * headDim, 0)
  const byLayer = newRowsByLayer(lowering)
  const rows = language.caches.flatMap((_, layer) => byLayer.get(layer) ?? [])
  if (rows.length !== 2 * language.caches.length) throw new Error('a cache that no attention reads')
  emit.nodeWith('present', 'Concat', rows, [NEW_ROWS], { axis: { int: -1 } })
  emit.outputs.push({ name: NEW_ROWS, type: policy.float, shape: ['tokens', 'batch', width] })
}

/** fp32 [batch, 1, 1, tokens, slots + tokens], once for each window. */
function rowsMask(lowering: Lowering, window: number | null): string {
  return lowering.once(`mask of rows of ${window}`, () => {
    const mask = causalMask(lowering, 'slot_mask', window)
    return lowering.emit.node('mask', 'Unsqueeze', [mask, lowering.emit.integers(1)])
  })
}

/** The numbers of slots and of new tokens, int64 [2], once a graph. */
function splitPoints(lowering: Lowering): string {
  const { emit, language } = lowering
  return lowering.once('split points', () => {
    const length = (value: string, axis: number) =>
      emit.node('lengths', 'Shape', [value], { start: { int: axis }, end: { int: axis + 1 } })
    const slots = length(cacheNames(0).pastKey, 3)
    return emit.node('lengths', 'Concat', [slots, length(lowering.value(language.ids), 0)], { axis: { int: 0 } })
  })
}
