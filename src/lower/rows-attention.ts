/**
 * Attention over a cache that the host keeps: the graph reads the past where it lies and gives back only the new rows.
 *
 * For runtimes that copy every output (onnxruntime-node 1.30 does, pre-allocated or not): a present as long as the past would
 * cost a pass over the whole cache for each token. The past is [past, batch, kvHeads, headDim], so that new rows are appended
 * at its end, and its filled part is one piece of memory; FusedMatMul reads it as [batch, kvHeads, past, headDim] by strides.
 * Its first row is zeros that nobody sees, since FusedMatMul divides by zero (SIGFPE in onnxruntime 1.30) where a past is empty.
 */
import {
  type AttentionParts,
  attentionParts,
  bindMerged,
  packedProjections,
  requiredParts,
  tables,
} from './attention-parts.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf } from './lowering.ts'
import { causalMask } from './mask.ts'
import { cacheNames, fixedSize } from './portable.ts'

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
  readonly groups: number
}

export function rowsAttention(lowering: Lowering, node: NodeOf<'attend'>): void {
  const { emit } = lowering
  const { path } = node
  const parts = requiredParts(node)
  const [query, keys] = [inputAt(node, 0), inputAt(node, 1)]
  const [heads, kvHeads, headDim] = [fixedSize(query, 1), fixedSize(keys, 1), fixedSize(query, -1)]
  const sizes = { heads, kvHeads, headDim, groups: heads / kvHeads }
  const { q, k, v } = projections(lowering, path, parts, sizes)
  const names = cacheNames(parts.cache.operation.layer)
  const newKeys = newRows(lowering, path, k, sizes, names.pastKey, names.presentKey)
  const newValues = newRows(lowering, path, v, sizes, names.pastValue, names.presentValue)

  const queries = groupedQueries(lowering, path, q, sizes)
  const scores = (rows: string) =>
    emit.node(path, 'FusedMatMul', [queries, rows], keysByStride(node.operation.scale), MICROSOFT)
  const [pastScores, newScores] = [scores(names.pastKey), scores(newKeys)]
  const all = emit.node(path, 'Concat', [pastScores, newScores], { axis: { int: -1 } })
  const all32 = lowering.cast(path, all, lowering.policy.float, 'f32')
  const masked = emit.node(path, 'Add', [all32, causalMask(lowering, sizes.groups, { hidesFirstRow: true })])
  const weights = lowering.cast(
    path,
    emit.node(path, 'Softmax', [masked], { axis: { int: -1 } }),
    'f32',
    lowering.policy.float,
  )

  const [ofPast, ofNew] = [emit.name(path, 'past'), emit.name(path, 'new')]
  emit.nodeWith(path, 'Split', [weights, splitPoints(lowering)], [ofPast, ofNew], { axis: { int: -1 } })
  const mix = (shares: string, rows: string) =>
    emit.node(path, 'FusedMatMul', [shares, rows], VALUES_BY_STRIDE, MICROSOFT)
  const mixed = emit.node(path, 'Add', [mix(ofPast, names.pastValue), mix(ofNew, newValues)])
  bindMerged(lowering, node, mergedHeads(lowering, path, mixed, sizes))
}

/** q kᵀ with keys [rows, batch, kvHeads, headDim]: FusedMatMul moves the first axis behind the batch ones, then transposes. */
function keysByStride(scale: number) {
  return { alpha: { float: scale }, transB: { int: 1 }, transBatchB: { int: 1 } } as const
}

const VALUES_BY_STRIDE = { transBatchB: { int: 1 } } as const

/** The rotated query and key and the value, [batch, tokens, heads * headDim] each. */
function projections(lowering: Lowering, path: string, parts: AttentionParts, { heads, kvHeads, headDim }: Sizes) {
  const { emit } = lowering
  const [queryWidth, keyWidth] = [heads * headDim, kvHeads * headDim]
  const packed = packedProjections(lowering, parts)
  if (packed === null) {
    const [q, k] = [
      rotated(lowering, path, parts, lowering.value(parts.q), headDim),
      rotated(lowering, path, parts, lowering.value(parts.k), headDim),
    ]
    return { q, k, v: lowering.value(parts.v) }
  }
  const [both, v] = [emit.name(path, 'queries_keys'), emit.name(path, 'values')]
  emit.nodeWith(path, 'Split', [packed, emit.integers(queryWidth + keyWidth, keyWidth)], [both, v], {
    axis: { int: -1 },
  })
  const [q, k] = [emit.name(path, 'queries'), emit.name(path, 'keys')]
  const turned = rotated(lowering, path, parts, both, headDim)
  emit.nodeWith(path, 'Split', [turned, emit.integers(queryWidth, keyWidth)], [q, k], { axis: { int: -1 } })
  return { q, k, v }
}

/** Rotates all heads side by side in [batch, tokens, heads * headDim]. */
function rotated(lowering: Lowering, path: string, { rope }: AttentionParts, x: string, headDim: number): string {
  if (rope === null) return x
  const { emit, graph } = lowering
  const inputs = [x, lowering.value(graph.positions), ...tables(lowering, headDim, rope)]
  return emit.node(path, 'RotaryEmbedding', inputs, { interleaved: { int: 0 } }, MICROSOFT)
}

/** Declares one half of a layer's cache; gives the new rows, [tokens, batch, kvHeads, headDim]. */
function newRows(
  lowering: Lowering,
  path: string,
  x: string,
  { kvHeads, headDim }: Sizes,
  past: string,
  present: string,
): string {
  const { emit, policy } = lowering
  emit.inputs.push({ name: past, type: policy.float, shape: ['past', 'batch', kvHeads, headDim] })
  emit.outputs.push({ name: present, type: policy.float, shape: ['tokens', 'batch', kvHeads, headDim] })
  const apart = emit.node(path, 'Reshape', [x, emit.integers(0, 0, kvHeads, headDim)])
  return emit.nodeWith(path, 'Transpose', [apart], [present], { perm: { ints: [1, 0, 2, 3] } })
}

/** [batch, tokens, heads * headDim] -> [batch, kvHeads, groups * tokens, headDim], the heads of a group one after the other. */
function groupedQueries(
  lowering: Lowering,
  path: string,
  q: string,
  { heads, kvHeads, headDim, groups }: Sizes,
): string {
  const { emit } = lowering
  const apart = emit.node(path, 'Reshape', [q, emit.integers(0, 0, heads, headDim)])
  const byHead = emit.node(path, 'Transpose', [apart], { perm: { ints: [0, 2, 1, 3] } })
  return groups === 1 ? byHead : emit.node(path, 'Reshape', [byHead, emit.integers(0, kvHeads, -1, headDim)])
}

/** [batch, kvHeads, groups * tokens, headDim] -> [batch, tokens, heads * headDim]. */
function mergedHeads(lowering: Lowering, path: string, x: string, { heads, headDim, groups }: Sizes): string {
  const { emit } = lowering
  const apart = groups === 1 ? x : emit.node(path, 'Reshape', [x, emit.integers(0, heads, -1, headDim)])
  const byToken = emit.node(path, 'Transpose', [apart], { perm: { ints: [0, 2, 1, 3] } })
  return emit.node(path, 'Reshape', [byToken, emit.integers(0, 0, heads * headDim)])
}

/** The lengths of the past and of the new tokens, int64 [2], once a graph. */
function splitPoints(lowering: Lowering): string {
  const { emit, graph } = lowering
  return lowering.once('split points', () => {
    const length = (value: string, axis: number) =>
      emit.node('lengths', 'Shape', [value], { start: { int: axis }, end: { int: axis + 1 } })
    const past = length(cacheNames(0).pastKey, 0)
    return emit.node('lengths', 'Concat', [past, length(lowering.value(graph.ids), 1)], { axis: { int: 0 } })
  })
}
