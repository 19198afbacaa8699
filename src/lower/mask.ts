import { inputName, type Lowering } from './lowering.ts'

const LOWEST = -3.4028234663852886e38 // the lowest finite float32: a row that is masked throughout stays finite

/**
 * What is added to scores: 0 where a query may look, the lowest float where it may not (a later position, padding, an empty
 * slot). fp32 [batch, 1, tokens, width], once a graph; `real` is the graph input int64 [batch, width] that tells real tokens,
 * the new ones last.
 */
export function causalMask(lowering: Lowering, real: 'attention_mask' | 'slot_mask'): string {
  const { emit, graph } = lowering
  const path = 'mask'
  return lowering.once('mask', () => {
    emit.inputs.push({ name: real, type: 'i64', shape: ['batch', real === 'slot_mask' ? 'slots_total' : 'total'] })
    const size = (value: string, axis: number) =>
      emit.node(path, 'Gather', [emit.node(path, 'Shape', [value]), emit.integer(axis)], { axis: { int: 0 } })
    const width = size(real, 1)
    const past = emit.node(path, 'Sub', [width, size(inputName(graph.ids), 1)])
    const queries = emit.node(path, 'Range', [past, width, emit.integer(1)])
    const keys = emit.node(path, 'Range', [emit.integer(0), width, emit.integer(1)])
    const column = emit.node(path, 'Unsqueeze', [queries, emit.integers(1)])
    const earlier = emit.node(path, 'LessOrEqual', [keys, column]) // [tokens, width]
    const isReal = emit.node(path, 'Cast', [real], { to: { int: 9 } }) // bool
    const visible = emit.node(path, 'And', [earlier, emit.node(path, 'Unsqueeze', [isReal, emit.integers(1, 2)])])
    return emit.node(path, 'Where', [visible, emit.float(0), emit.float(LOWEST)]) // [batch, 1, tokens, width]
  })
}

/** A mask whose rows repeat for each query head of a group: [batch, 1, groups * tokens, total]. */
export function groupedMask(lowering: Lowering, groups: number): string {
  const single = causalMask(lowering, 'attention_mask')
  if (groups === 1) return single
  return lowering.once(`mask x ${groups}`, () =>
    lowering.emit.node('mask', 'Concat', Array<string>(groups).fill(single), { axis: { int: 2 } }),
  )
}
