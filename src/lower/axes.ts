/** Operations that only move values along axes, or sum over them, in standard ONNX operators. */
import { inputAt, type NodeOf, outputOf, type Rules } from './lowering.ts'
import { reshape } from './reshape.ts'

/** Over the rows and columns of [batch, channels, height, width]: a pooling, which compilers take where channels lie in blocks. */
function isOfImage(node: NodeOf<'mean'>): boolean {
  return inputAt(node, 0).shape.length === 4 && node.operation.axes.toSorted().join() === '2,3'
}

export const axes: Pick<Rules, 'split' | 'slice' | 'concat' | 'repeat' | 'mean' | 'softmax'> = {
  split(lowering, node) {
    const { emit } = lowering
    const { axis, sizes } = node.operation
    const outputs = node.outputs.map((_, index) => emit.name(node.path, `part_${index}`))
    const inputs = [lowering.value(inputAt(node, 0)), emit.integers(...sizes)]
    emit.nodeWith(node.path, 'Split', inputs, outputs, { axis: { int: axis } })
    outputs.forEach((name, index) => {
      lowering.bind(outputOf(node, index), name)
    })
  },

  slice(lowering, node) {
    const { emit } = lowering
    const { axis, start, end } = node.operation
    const bounds = [emit.integers(start), emit.integers(end), emit.integers(axis)]
    lowering.bind(outputOf(node), emit.node(node.path, 'Slice', [lowering.value(inputAt(node, 0)), ...bounds]))
  },

  concat(lowering, node) {
    const inputs = node.inputs.map(input => lowering.value(input))
    lowering.bind(
      outputOf(node),
      lowering.emit.node(node.path, 'Concat', inputs, { axis: { int: node.operation.axis } }),
    )
  },

  repeat(lowering, node) {
    const { emit } = lowering
    const { path } = node
    const [x, other] = [inputAt(node, 0), inputAt(node, 1)]
    const shape = emit.node(path, 'Shape', [lowering.value(other)], { start: { int: 0 }, end: { int: 1 } })
    const rest = emit.integers(...x.shape.slice(1).map((_, axis) => x.size(axis + 1)))
    const all = emit.node(path, 'Concat', [shape, rest], { axis: { int: 0 } })
    lowering.bind(outputOf(node), emit.node(path, 'Expand', [lowering.value(x), all]))
  },

  mean(lowering, node) {
    const { emit } = lowering
    const { axes, isKept } = node.operation
    if (isOfImage(node)) {
      const { shape } = outputOf(node)
      const pooled = emit.node(node.path, 'GlobalAveragePool', [lowering.value(inputAt(node, 0))])
      const value = isKept ? pooled : reshape(emit, node.path, pooled, [...shape, 1, 1], shape)
      return lowering.bind(outputOf(node), value)
    }
    const inputs = [lowering.value(inputAt(node, 0)), emit.integers(...axes)]
    lowering.bind(outputOf(node), emit.node(node.path, 'ReduceMean', inputs, { keepdims: { int: Number(isKept) } }))
  },

  softmax(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const type = lowering.floatOf(outputOf(node))
    const x = lowering.cast(path, lowering.value(inputAt(node, 0)), type, 'f32')
    const shares = emit.node(path, 'Softmax', [x], { axis: { int: operation.axis } })
    lowering.bind(outputOf(node), lowering.cast(path, shares, 'f32', type))
  },
}
