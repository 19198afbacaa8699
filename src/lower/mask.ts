import { inputName, type Lowering } from './lowering.ts'

const LOWEST = -3.4028234663852886e38 // the lowest finite float32: a row that is masked throughout stays finite

/** Which columns the scores of a graph have, and so which input tells the real ones. */
type Columns = 'attention_mask' | 'slot_mask'

/**
 * What is added to scores: 0 where a query may look, the lowest float where it may not (a later position, one before its window,
 * padding, an empty slot). fp32 [batch, 1, tokens, width], once for each window.
 */
export function causalMask(lowering: Lowering, columns: Columns, window: number | null): string {
  const { emit } = lowering
  const path = 'mask'
  return lowering.once(`mask of ${window}`, () => {
    const { earlier, keys, queries } = indices(lowering, columns)
    const seen =
      window === null ? earlier : emit.node(path, 'And', [earlier, withinWindow(lowering, { keys, queries, window })])
    const visible = emit.node(path, 'And', [seen, realColumns(lowering, columns)])
    return emit.node(path, 'Where', [visible, emit.float(0), emit.float(LOWEST)]) // [batch, 1, tokens, width]
  })
}

/** A mask whose rows repeat for each query head of a group: [batch, 1, groups * tokens, total]. */
export function groupedMask(lowering: Lowering, groups: number, window: number | null): string {
  const single = causalMask(lowering, 'attention_mask', window)
  if (groups === 1) return single
  return lowering.once(`mask of ${window} x ${groups}`, () =>
    lowering.emit.node('mask', 'Concat', Array<string>(groups).fill(single), { axis: { int: 2 } }),
  )
}

/** A query sees `window` positions, the last of them its own. bool [tokens, width] */
function withinWindow(
  lowering: Lowering,
  { keys, queries, window }: { keys: string; queries: string; window: number },
): string {
  const { emit } = lowering
  const outside = emit.node('mask', 'Sub', [queries, emit.integer(window)])
  return emit.node('mask', 'Greater', [keys, outside])
}

interface Indices {
  /** The index in the text of each column, int64 [width], and of each query, int64 [tokens, 1]. */
  readonly keys: string
  readonly queries: string
  /** bool [tokens, width] */
  readonly earlier: string
}

/** Where columns and queries stand in the text, padding counted, as in transformers' `masking_utils.py`. */
function indices(lowering: Lowering, columns: Columns): Indices {
  const { emit, language } = lowering
  const path = 'mask'
  return lowering.once('indices of the mask', () => {
    const width = size(lowering, realInput(lowering, columns), 1)
    const tokens = size(lowering, inputName(language.ids), 1)
    const past = emit.node(path, 'Sub', [width, tokens])
    const range = (from: string, to: string) => emit.node(path, 'Range', [from, to, emit.integer(1)])
    // A column of a cache of slots tells how far back it lies only where no empty slot stands before the new tokens.
    const hasGaps = columns === 'slot_mask' && language.windows.some(window => window !== null)
    const total = hasGaps ? totalLength(lowering) : width
    const own = range(emit.node(path, 'Sub', [total, tokens]), total)
    const keys = hasGaps
      ? emit.node(path, 'Concat', [range(emit.integer(0), past), own], { axis: { int: 0 } })
      : range(emit.integer(0), width)
    const queries = emit.node(path, 'Unsqueeze', [own, emit.integers(1)])
    return { keys, queries, earlier: emit.node(path, 'LessOrEqual', [keys, queries]) }
  })
}

/** bool [batch, 1, 1, width] */
function realColumns(lowering: Lowering, columns: Columns): string {
  const { emit } = lowering
  return lowering.once('real columns', () => {
    const isReal = emit.node('mask', 'Cast', [realInput(lowering, columns)], { to: { int: 9 } }) // bool
    return emit.node('mask', 'Unsqueeze', [isReal, emit.integers(1, 2)])
  })
}

/** The graph input int64 [batch, width] that tells real tokens, the new ones last. */
function realInput(lowering: Lowering, columns: Columns): string {
  return lowering.once(columns, () => {
    const width = columns === 'slot_mask' ? 'slots_total' : 'total'
    lowering.emit.inputs.push({ name: columns, type: 'i64', shape: ['batch', width] })
    return columns
  })
}

/** The number of slots that are filled after this pass, int64 scalar. */
function totalLength(lowering: Lowering): string {
  lowering.emit.inputs.push({ name: 'total_length', type: 'i32', shape: [] })
  return lowering.emit.node('mask', 'Cast', ['total_length'], { to: { int: 7 } }) // int64
}

function size({ emit }: Lowering, value: string, axis: number): string {
  return emit.node('mask', 'Gather', [emit.node('mask', 'Shape', [value]), emit.integer(axis)], { axis: { int: 0 } })
}
