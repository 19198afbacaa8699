/** Matrix products with published weights [outFeatures, inFeatures], plain and quantised, in standard operators. */
import type { Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import { inputAt, type Lowering, type NodeOf } from './lowering.ts'

/** The shape of a declared weight. */
export function weightShape(lowering: Lowering, name: string): readonly number[] {
  const declared = lowering.graph.weights.get(name)
  if (!declared) throw new Error(`${name} was not declared`)
  return declared.shape
}

/** Published weights stacked along their first axis, as one constant in the policy's float type. */
export function floatWeights(lowering: Lowering, names: readonly string[], name = stackedName(names)): string {
  const type = lowering.policy.float
  const shapes = names.map(name => weightShape(lowering, name))
  const rows = shapes.reduce((sum, [size = 0]) => sum + size, 0)
  const shape = [rows, ...(shapes[0]?.slice(1) ?? [])]
  return lowering.emit.constant(name, type, shape, { kind: 'weights', names, type })
}

/** `a.q_proj.weight` and `a.k_proj.weight` stacked are `a.{q_proj,k_proj}.weight`. */
export function stackedName(names: readonly string[]): string {
  const [first, ...others] = names.map(name => name.split('.'))
  if (!first || others.length === 0) return names.join()
  const parts = first.map((part, at) => {
    const all = [part, ...others.map(other => other[at])]
    return all.every(name => name === part) ? part : `{${all.join(',')}}`
  })
  return parts.join('.')
}

/** x Wᵀ + b. Compilers fold the transposition of the constant. */
export function portableLinear(lowering: Lowering, node: NodeOf<'linear'>): string {
  const { emit, policy } = lowering
  const { weight, bias } = node.operation
  const x = inputAt(node, 0)
  const product =
    policy.matrix(node.path) === 'int8'
      ? int8Product(lowering, node.path, x, [weight])
      : floatProduct(lowering, node.path, x, [weight])
  return bias === null ? product : emit.node(node.path, 'Add', [product, floatWeights(lowering, [bias])])
}

export function floatProduct(lowering: Lowering, path: string, x: Tensor, names: readonly string[]): string {
  const { emit } = lowering
  const columns = emit.node(path, 'Transpose', [floatWeights(lowering, names)], { perm: { ints: [1, 0] } })
  return emit.node(path, 'MatMul', [lowering.value(x), columns])
}

/**
 * Per-token dynamic activations times per-channel weights, both int8, summed in int32. A row's scale is its own, so that a
 * row's result does not depend on the rows beside it (as LLM.int8(), arXiv:2208.07339, without its outlier path). Both are stored
 * unsigned around 128: on x86 without VNNI onnxruntime adds pairs of u8 x s8 products in 16 bits, which saturate.
 */
export function int8Product(lowering: Lowering, path: string, x: Tensor, names: readonly string[]): string {
  const { emit } = lowering
  const shapes = names.map(name => weightShape(lowering, name))
  const rows = shapes.reduce((sum, [size = 0]) => sum + size, 0)
  const columns = shapes[0]?.[1] ?? 0
  const name = stackedName(names)
  const { levels, scale } = quantisedRows(lowering, x)
  const stored = emit.constant(`${name}.int8`, 'u8', [rows, columns], {
    kind: 'int8',
    names,
  })
  const scales = emit.constant(`${name}.scale`, 'f32', [rows], {
    kind: 'int8-scales',
    names,
    repeat: 1,
    type: 'f32',
  })
  const transposed = emit.node(path, 'Transpose', [stored], { perm: { ints: [1, 0] } })
  const sums = emit.node(path, 'MatMulInteger', [levels, transposed, zeroPoint(lowering), zeroPoint(lowering)])
  const product = emit.node(path, 'Mul', [emit.node(path, 'Cast', [sums], { to: { int: 1 } }), scale])
  return emit.node(path, 'Mul', [product, scales])
}

/** Activations as uint8 around 128, with one scale a row: [.., features] and [.., 1]. */
function quantisedRows(lowering: Lowering, x: Tensor): { levels: string; scale: string } {
  const { emit } = lowering
  const value = lowering.value(x)
  return lowering.once(`rows of ${value}`, () => {
    const path = `${x.node.path}/rows`
    const largest = emit.node(path, 'ReduceMax', [emit.node(path, 'Abs', [value]), emit.integers(-1)], {
      keepdims: { int: 1 },
    })
    const bounded = emit.node(path, 'Max', [largest, emit.float(1e-30)]) // a row of zeros has no scale
    const scale = emit.node(path, 'Div', [bounded, emit.float(127)])
    const levels = emit.node(path, 'Round', [emit.node(path, 'Div', [value, scale])])
    const shifted = emit.node(path, 'Add', [levels, emit.float(128)])
    return { levels: emit.node(path, 'Cast', [shifted], { to: { int: 2 } }), scale }
  })
}

function zeroPoint(lowering: Lowering): string {
  return lowering.emit.values('u8/128', tensorOf([], Uint8Array.of(128)))
}
