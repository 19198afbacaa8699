/** Operations on regions of an image, in standard ONNX operators; all of them in fp32. */
import { inputAt, type Lowering, outputOf, type Rules } from './lowering.ts'

/** ONNX takes a score for each box; this is below every one that counts. */
const LEFT_OUT = -1

/** A node's input in fp32. */
function exactInput(lowering: Lowering, node: Parameters<typeof inputAt>[0], index: number): string {
  const input = inputAt(node, index)
  return lowering.cast(node.path, lowering.value(input), lowering.floatOf(input), 'f32')
}

export const regions: Pick<Rules, 'exact' | 'topK' | 'rowsAt' | 'indicesWhere' | 'nonMaxSuppression' | 'roiAlign'> = {
  exact(lowering, node) {
    lowering.bind(outputOf(node), exactInput(lowering, node, 0))
  },

  topK(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const output = outputOf(node)
    const [size] = output.shape
    const x = exactInput(lowering, node, 0)
    const most = emit.integers(typeof size === 'number' ? size : node.operation.most)
    const k = typeof size === 'number' ? most : emit.node(path, 'Min', [emit.node(path, 'Shape', [x]), most])
    const names = [emit.name(path, 'largest'), emit.name(path, 'places')] as const
    emit.nodeWith(path, 'TopK', [x, k], names, { axis: { int: 0 }, largest: { int: 1 }, sorted: { int: 1 } })
    lowering.bind(output, names[1])
  },

  rowsAt(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const [x, first = '', ...others] = node.inputs.map(input => lowering.value(input))
    const gather = () => emit.node(path, 'Gather', [x ?? '', first], { axis: { int: 0 } })
    const columns = () => [first, ...others].map(index => emit.node(path, 'Unsqueeze', [index, emit.integers(1)]))
    const gatherPairs = () =>
      emit.node(path, 'GatherND', [x ?? '', emit.node(path, 'Concat', columns(), { axis: { int: 1 } })])
    lowering.bind(outputOf(node), others.length === 0 ? gather() : gatherPairs())
  },

  indicesWhere(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const { from, below } = node.operation
    const x = exactInput(lowering, node, 0)
    const isFrom = emit.node(path, 'GreaterOrEqual', [x, emit.float(from)])
    const isBelow = emit.node(path, 'Less', [x, emit.float(below)])
    const places = emit.node(path, 'NonZero', [emit.node(path, 'And', [isFrom, isBelow])]) // [1, found]
    lowering.bind(outputOf(node), emit.node(path, 'Squeeze', [places, emit.integers(0)]))
  },

  /** A box that is left out gets a score that no threshold lets through. */
  nonMaxSuppression(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const { iou, score, leastSide, most } = node.operation.suppression
    const [boxes, scores] = [exactInput(lowering, node, 0), exactInput(lowering, node, 1)]
    const corner = (from: number) =>
      emit.node(path, 'Slice', [boxes, emit.integers(from), emit.integers(from + 2), emit.integers(2)])
    const sides = emit.node(path, 'Sub', [corner(2), corner(0)])
    const shorter = emit.node(path, 'ReduceMin', [sides, emit.integers(2)], { keepdims: { int: 0 } })
    const isLarge = emit.node(path, 'GreaterOrEqual', [shorter, emit.float(leastSide)])
    const counted = emit.node(path, 'Where', [isLarge, scores, emit.float(LEFT_OUT)])
    const ofOneClass = emit.node(path, 'Unsqueeze', [counted, emit.integers(1)]) // [groups, 1, n]
    const limits = [emit.integers(most), emit.floats(iou), emit.floats(score ?? LEFT_OUT / 2)]
    const kept = emit.node(path, 'NonMaxSuppression', [boxes, ofOneClass, ...limits]) // [kept, 3]: image, class, box
    const names = [emit.name(path, 'group'), emit.name(path, 'class'), emit.name(path, 'row')] as const
    emit.nodeWith(path, 'Split', [kept, emit.integers(1, 1, 1)], names, { axis: { int: 1 } })
    for (const [index, name] of [names[0], names[2]].entries())
      lowering.bind(outputOf(node, index), emit.node(path, 'Squeeze', [name, emit.integers(1)]))
  },

  roiAlign(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const { size, scale, samples } = node.operation.pooling
    const [features, boxes] = [exactInput(lowering, node, 0), exactInput(lowering, node, 1)]
    const count = emit.node(path, 'Shape', [boxes], { start: { int: 0 }, end: { int: 1 } })
    const images = emit.node(path, 'Expand', [emit.integer(0), count])
    const pooled = emit.node(path, 'RoiAlign', [features, boxes, images], {
      mode: { string: 'avg' },
      coordinate_transformation_mode: { string: 'output_half_pixel' },
      output_height: { int: size },
      output_width: { int: size },
      sampling_ratio: { int: samples },
      spatial_scale: { float: scale },
    })
    lowering.bind(outputOf(node), lowering.cast(path, pooled, 'f32', lowering.floatOf(outputOf(node))))
  },
}
