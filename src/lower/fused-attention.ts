/** Attention as one GroupQueryAttention operator, with rotation and cache inside it. */
import { attentionParts, bindMerged, normOfHeads, packedProjections, requiredParts } from './attention-parts.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf } from './lowering.ts'
import { cacheNames, fixedSize } from './portable.ts'
import { rotaryTables, rotatedFeatures } from './rotary.ts'

/** GroupQueryAttention rotates multiples of 16 features and takes heads of multiples of 8. */
function isFusable(node: NodeOf<'attend'>): boolean {
  const parts = attentionParts(node)
  if (parts === null) return false
  const headDim = fixedSize(inputAt(node, 0), -1)
  return headDim % 8 === 0 && (parts.rope === null || rotatedFeatures(headDim, parts.rope) % 16 === 0)
}

/** Whether every attention of a graph can be fused: its caches are then shared buffers, otherwise none is. */
export function hasFusedAttention(lowering: Lowering): boolean {
  return lowering.once('fused attention', () =>
    lowering.graph.nodes.every(node => !isKind(node, 'attend') || isFusable(node)),
  )
}

export function groupQueryAttention(lowering: Lowering, node: NodeOf<'attend'>): void {
  const { emit, policy } = lowering
  const parts = requiredParts(node)
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
  const hasNorms = parts.norms.q !== null || parts.norms.k !== null
  const packed = hasNorms ? null : packedProjections(lowering, parts)
  const apart = () => [
    normOfHeads(lowering, parts.norms.q, lowering.value(parts.q), { heads, headDim }),
    normOfHeads(lowering, parts.norms.k, lowering.value(parts.k), { heads: kvHeads, headDim }),
    lowering.value(parts.v),
  ]
  const waves = parts.rope && rotaryTables(lowering, headDim, parts.rope)
  const inputs = [
    ...(packed === null ? apart() : [packed, '', '']),
    names.pastKey,
    names.pastValue,
    sequenceInput(lowering, 'last_index', ['batch']),
    sequenceInput(lowering, 'total_length', []),
    ...(waves ? [waves.cos, waves.sin] : []),
  ]
  const attributes = {
    num_heads: { int: heads },
    kv_num_heads: { int: kvHeads },
    scale: { float: node.operation.scale },
    ...(node.operation.window === null ? {} : { local_window_size: { int: node.operation.window } }),
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

function sequenceInput(lowering: Lowering, name: string, shape: string[]): string {
  return lowering.once(name, () => {
    lowering.emit.inputs.push({ name, type: 'i32', shape })
    return name
  })
}
