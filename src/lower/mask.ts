import type { Lowering } from './lowering.ts'

const LOWEST = -3.4028234663852886e38 // the lowest finite float32: a row that is masked throughout stays finite

/**
 * What is added to scores: 0 where a query may look, the lowest float where it may not (a later position, padding).
 * fp32 [batch, 1, groups * tokens, total], once a graph; the rows repeat for each query head of a group. With `hidesFirstRow` the
 * cache has one more row than `attention_mask`, its first, which nobody may see.
 */
export function causalMask(lowering: Lowering, groups: number, { hidesFirstRow = false } = {}): string {
  const { emit } = lowering
  const path = 'mask'
  const single = lowering.once('mask', () => {
    const attention = hidesFirstRow ? withHiddenRow(lowering, attentionMask(lowering)) : attentionMask(lowering)
    const size = (value: string, axis: number) =>
      emit.node(path, 'Gather', [emit.node(path, 'Shape', [value]), emit.integer(axis)], { axis: { int: 0 } })
    const total = size(attention, 1)
    const past = emit.node(path, 'Sub', [total, size(lowering.value(lowering.graph.ids), 1)])
    const queries = emit.node(path, 'Range', [past, total, emit.integer(1)])
    const keys = emit.node(path, 'Range', [emit.integer(0), total, emit.integer(1)])
    const column = emit.node(path, 'Unsqueeze', [queries, emit.integers(1)])
    const earlier = emit.node(path, 'LessOrEqual', [keys, column]) // [tokens, total]
    const real = emit.node(path, 'Cast', [attention], { to: { int: 9 } }) // bool
    const visible = emit.node(path, 'And', [earlier, emit.node(path, 'Unsqueeze', [real, emit.integers(1, 2)])])
    return emit.node(path, 'Where', [visible, emit.float(0), emit.float(LOWEST)]) // [batch, 1, tokens, total]
  })
  if (groups === 1) return single
  return lowering.once(`mask x ${groups}`, () =>
    emit.node(path, 'Concat', Array<string>(groups).fill(single), { axis: { int: 2 } }),
  )
}

/** A column of zeros before the mask. */
function withHiddenRow({ emit }: Lowering, attention: string): string {
  const first = emit.node('mask', 'Slice', [attention, emit.integers(0), emit.integers(1), emit.integers(1)])
  return emit.node('mask', 'Concat', [emit.node('mask', 'Sub', [first, first]), attention], { axis: { int: 1 } })
}

/** The graph input `attention_mask`, int64 [batch, total]: 1 for real tokens, past ones included. */
function attentionMask(lowering: Lowering): string {
  return lowering.once('attention_mask', () => {
    lowering.emit.inputs.push({ name: 'attention_mask', type: 'i64', shape: ['batch', 'total'] })
    return 'attention_mask'
  })
}
