/** Every operation in standard ONNX operators (opset 21): for any vendor's compiler. */
import type { Dim, Node, Tensor } from '../graph/index.ts'
import { axes } from './axes.ts'
import { images } from './images.ts'
import { inputAt, type Lowering, type NodeOf, outputOf, type Rules } from './lowering.ts'
import { groupedMask } from './mask.ts'
import { portableLinear } from './matrix.ts'
import { floatWeights } from './published-weights.ts'
import { regions } from './regions.ts'
import { reshape } from './reshape.ts'
import { rotaryOfPositions, rotatedFeatures } from './rotary.ts'

const last = { axis: { int: -1 } } as const

function size(dim: Dim | undefined, path: string): number {
  if (typeof dim !== 'number') throw new Error(`${path}: the size ${dim} varies`)
  return dim
}

/** The size of an axis that is the same in every call. */
export function fixedSize(tensor: Tensor, axis: number): number {
  return size(tensor.shape.at(axis), tensor.node.path)
}

/** One operator over a node's inputs as they stand. */
function direct(operator: string) {
  return (lowering: Lowering, node: Node) =>
    lowering.bind(
      outputOf(node),
      lowering.emit.node(
        node.path,
        operator,
        node.inputs.map(input => lowering.value(input)),
      ),
    )
}

/** One operator over values that fit each other element by element; an exact one among floats makes all exact. */
function elementwise(operator: string) {
  return (lowering: Lowering, node: Node) => {
    const output = outputOf(node)
    const inputs = node.inputs.map(input => {
      const value = lowering.value(input)
      return input.type === 'int'
        ? value
        : lowering.cast(node.path, value, lowering.floatOf(input), lowering.floatOf(output))
    })
    lowering.bind(output, lowering.emit.node(node.path, operator, inputs))
  }
}

/** Rows of a table by the ids that are a node's input. */
export function lookUp(lowering: Lowering, node: NodeOf<'embedding'>, table: string): void {
  const ids = lowering.value(inputAt(node, 0))
  lowering.bind(outputOf(node), lowering.emit.node(node.path, 'Gather', [table, ids], { axis: { int: 0 } }))
}

/** Scale and shift of a layer norm. */
export function normWeights(lowering: Lowering, { operation }: NodeOf<'layerNorm'>): string[] {
  return [floatWeights(lowering, [operation.weight]), floatWeights(lowering, [operation.bias])]
}

/** The names of a layer's cache: those of the usual Hugging Face ONNX layout. */
export function cacheNames(layer: number) {
  return {
    pastKey: `past_key_values.${layer}.key`,
    pastValue: `past_key_values.${layer}.value`,
    presentKey: `present.${layer}.key`,
    presentValue: `present.${layer}.value`,
  }
}

export const portable: Rules = {
  ...axes,
  ...images,
  ...regions,

  /** Floating-point inputs are fed in fp32. */
  input(lowering, node) {
    const { name } = node.operation
    const tensor = outputOf(node)
    const isFloat = tensor.type !== 'int'
    lowering.emit.inputs.push({ name, type: isFloat ? 'f32' : 'i64', shape: tensor.shape })
    lowering.bind(tensor, isFloat ? lowering.cast(name, name, 'f32', lowering.floatOf(tensor)) : name)
  },

  constant(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const output = outputOf(node)
    const value = emit.values(path, operation.tensor)
    lowering.bind(output, output.type === 'int' ? value : lowering.cast(path, value, 'f32', lowering.floatOf(output)))
  },

  parameter(lowering, node) {
    lowering.bind(outputOf(node), floatWeights(lowering, [node.operation.weight]))
  },

  embedding(lowering, node) {
    lookUp(lowering, node, floatWeights(lowering, [node.operation.weight]))
  },

  linear(lowering, node) {
    lowering.bind(outputOf(node), portableLinear(lowering, node))
  },

  rmsNorm(lowering, node) {
    const { emit, policy } = lowering
    const { path, operation } = node
    const x = lowering.cast(path, lowering.value(inputAt(node, 0)), policy.float, 'f32')
    const squares = emit.node(path, 'Mul', [x, x])
    const mean = emit.node(path, 'ReduceMean', [squares, emit.integers(-1)], { keepdims: { int: 1 } })
    const root = emit.node(path, 'Sqrt', [emit.node(path, 'Add', [mean, emit.float(operation.epsilon)])])
    const unit = lowering.cast(path, emit.node(path, 'Div', [x, root]), 'f32', policy.float)
    lowering.bind(outputOf(node), emit.node(path, 'Mul', [unit, floatWeights(lowering, [operation.weight])]))
  },

  layerNorm(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const inputs = [lowering.value(inputAt(node, 0)), ...normWeights(lowering, node)]
    const attributes = { axis: { int: -1 }, epsilon: { float: operation.epsilon }, stash_type: { int: 1 } }
    lowering.bind(outputOf(node), emit.node(path, 'LayerNormalization', inputs, attributes))
  },

  rope(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const x = inputAt(node, 0)
    const headDim = fixedSize(x, -1)
    const { cos, sin } = rotaryOfPositions(lowering, headDim, operation.rope)
    const half = rotatedFeatures(headDim, operation.rope) / 2
    const kept = headDim - 2 * half
    const [a, b, rest] = [
      emit.name(path, 'first'),
      emit.name(path, 'second'),
      ...(kept > 0 ? [emit.name(path, 'rest')] : []),
    ]
    const sizes = emit.integers(half, half, ...(kept > 0 ? [kept] : []))
    emit.nodeWith(path, 'Split', [lowering.value(x), sizes], [a, b, ...(rest ? [rest] : [])], last)
    const times = (half: string, wave: string) => emit.node(path, 'Mul', [half, wave])
    const first = emit.node(path, 'Sub', [times(a, cos), times(b, sin)])
    const second = emit.node(path, 'Add', [times(b, cos), times(a, sin)])
    lowering.bind(outputOf(node), emit.node(path, 'Concat', [first, second, ...(rest ? [rest] : [])], last))
  },

  cache(lowering, node) {
    const { emit, policy } = lowering
    const names = cacheNames(node.operation.layer)
    const extend = (index: number, past: string, present: string) => {
      const shape = [...inputAt(node, index).shape]
      emit.inputs.push({ name: past, type: policy.float, shape: shape.with(2, 'past') })
      emit.nodeWith(node.path, 'Concat', [past, lowering.value(inputAt(node, index))], [present], { axis: { int: 2 } })
      emit.outputs.push({ name: present, type: policy.float, shape: shape.with(2, 'total') })
      lowering.bind(outputOf(node, index), present)
    }
    extend(0, names.pastKey, names.presentKey)
    extend(1, names.pastValue, names.presentValue)
  },

  attend(lowering, node) {
    const { emit, policy } = lowering
    const { path } = node
    const [q, keys, values] = [inputAt(node, 0), inputAt(node, 1), inputAt(node, 2)]
    const [heads, kvHeads, headDim] = [fixedSize(q, 1), fixedSize(keys, 1), fixedSize(q, -1)]
    const groups = heads / kvHeads
    const scaled = emit.node(path, 'Mul', [lowering.value(q), emit.float(node.operation.scale, policy.float)])
    // The query heads of a group lie one after the other: [batch, kvHeads, groups * tokens, headDim].
    const grouped = groups === 1 ? scaled : emit.node(path, 'Reshape', [scaled, emit.integers(0, kvHeads, -1, headDim)])
    const turned = emit.node(path, 'Transpose', [lowering.value(keys)], { perm: { ints: [0, 1, 3, 2] } })
    const scores = lowering.cast(path, emit.node(path, 'MatMul', [grouped, turned]), policy.float, 'f32')
    const masked = node.operation.isCausal
      ? emit.node(path, 'Add', [scores, groupedMask(lowering, groups, node.operation.window)])
      : scores
    const weights = lowering.cast(path, emit.node(path, 'Softmax', [masked], last), 'f32', policy.float)
    const mixed = emit.node(path, 'MatMul', [weights, lowering.value(values)])
    const output = groups === 1 ? mixed : emit.node(path, 'Reshape', [mixed, emit.integers(0, heads, -1, headDim)])
    lowering.bind(outputOf(node), output)
  },

  rearrange(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const { split, permutation, merged } = operation.steps
    const x = inputAt(node, 0)
    const apart = reshape(emit, path, lowering.value(x), x.shape, split)
    const isIdentity = permutation.every((axis, at) => axis === at)
    const turned = isIdentity ? apart : emit.node(path, 'Transpose', [apart], { perm: { ints: permutation } })
    const order = permutation.map(axis => split[axis] ?? 0)
    lowering.bind(outputOf(node), reshape(emit, path, turned, order, merged))
  },

  add: elementwise('Add'),
  sub: elementwise('Sub'),
  mul: elementwise('Mul'),
  div: elementwise('Div'),
  relu: direct('Relu'),
  sigmoid: direct('Sigmoid'),
  exp: direct('Exp'),

  /** Bounds are of the value's own type. */
  clip(lowering, node) {
    const { emit } = lowering
    const { path, operation } = node
    const type = lowering.floatOf(outputOf(node))
    const bounds = [emit.float(operation.least, type), emit.float(operation.most, type)]
    lowering.bind(outputOf(node), emit.node(path, 'Clip', [lowering.value(inputAt(node, 0)), ...bounds]))
  },

  silu(lowering, node) {
    const x = lowering.value(inputAt(node, 0))
    const gate = lowering.emit.node(node.path, 'Sigmoid', [x])
    lowering.bind(outputOf(node), lowering.emit.node(node.path, 'Mul', [x, gate]))
  },

  gelu(lowering, node) {
    const { path, operation } = node
    const attributes = { approximate: { string: operation.approximate } }
    lowering.bind(outputOf(node), lowering.emit.node(path, 'Gelu', [lowering.value(inputAt(node, 0))], attributes))
  },
}
