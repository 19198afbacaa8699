/**
 * Static quantisation in the form that compilers know: QuantizeLinear and DequantizeLinear around each product (QDQ). Activations are
 * unsigned 8 bits with one scale and zero for a tensor, from ranges that were seen on images; weights signed 8 bits with a scale for
 * each filter (Jacob et al., arXiv:1712.05877; Krishnamoorthi, arXiv:1806.08342, section 3).
 */
import type { Node, Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import type { FoldedNorm } from './content.ts'
import type { Lowering } from './lowering.ts'
import { weightShape } from './published-weights.ts'
import type { Range } from './ranges.ts'

/** Levels of 8 bits beside the first. */
const STEPS = 255

/**
 * The tensors that are rounded, each with a key that is the same whenever the same config is traced: what products take, and what they
 * give, behind their norm and activation.
 */
export function rangeKeys(nodes: readonly Node[], consumers: (tensor: Tensor) => readonly Node[]): Map<Tensor, string> {
  const products = nodes.filter(isProduct)
  const rounded = products.flatMap(node => [...node.inputs, settled(node, consumers)])
  return new Map(rounded.map(tensor => [tensor, `${tensor.node.id}.${tensor.node.outputs.indexOf(tensor)}`]))
}

function isProduct({ operation }: Node): boolean {
  return operation.kind === 'conv2d' || operation.kind === 'linear'
}

/** The value of a product once its norm and its activation are in it: both are one operator with it in every runtime. */
function settled(node: Node, consumers: (tensor: Tensor) => readonly Node[]): Tensor {
  let [value] = node.outputs
  if (!value) throw new Error(`${node.path}: a product without an output`)
  for (const kinds of [['batchNorm'], ['relu', 'clip']]) {
    const [only, ...others] = consumers(value)
    const [next] = only?.outputs ?? []
    if (only && next && others.length === 0 && kinds.includes(only.operation.kind)) value = next
  }
  return value
}

/** Scale and zero that hold a range, in which 0 has a level of its own. */
export function affine({ least, most }: Range): { readonly scale: number; readonly zero: number } {
  const [low, high] = [Math.min(0, least), Math.max(0, most)]
  const scale = Math.fround((high - low) / STEPS) || 1 // a tensor of zeros alone
  return { scale, zero: Math.min(STEPS, Math.max(0, Math.round(-low / scale))) }
}

/** Rounds a tensor to the levels of its range, or has its range come out, in `range/KEY`, f32 [2]. */
export function rounded(lowering: Lowering, key: string, path: string, value: string): string {
  const { rounding } = lowering.policy
  if (rounding?.kind !== 'static') return observed(lowering, key, path, value)
  const range = rounding.ranges.get(key)
  if (range === undefined) throw new Error(`${path}: no range was seen of ${key}`)
  return roundActivation(lowering, path, value, range)
}

/** What stands before a key in the name of an output. */
export const RANGE = 'range/'

function observed({ emit }: Lowering, key: string, path: string, value: string): string {
  const extreme = (operator: string) =>
    emit.node(path, 'Reshape', [emit.node(path, operator, [value], { keepdims: { int: 0 } }), emit.integers(1)])
  const name = `${RANGE}${key}`
  emit.nodeWith(path, 'Concat', [extreme('ReduceMin'), extreme('ReduceMax')], [name], { axis: { int: 0 } })
  emit.outputs.push({ name, type: 'f32', shape: [2] })
  return value
}

function roundActivation(lowering: Lowering, path: string, value: string, range: Range): string {
  const { emit } = lowering
  const { scale, zero } = affine(range)
  const levels = [emit.float(scale), emit.values(`u8/${zero}`, tensorOf([], Uint8Array.of(zero)))]
  const quantised = emit.node(path, 'QuantizeLinear', [value, ...levels])
  return emit.node(path, 'DequantizeLinear', [quantised, ...levels])
}

/** Weights [filters, ...] in 8 bits with a scale for each filter, a norm behind them in them. */
export function roundedFilters(lowering: Lowering, path: string, weight: string, norm: FoldedNorm | null): string {
  const { emit } = lowering
  const shape = weightShape(lowering, weight)
  const levels = emit.constant(`${weight}/int8`, 'i8', shape, { kind: 'filterLevels', weight, norm })
  return emit.node(path, 'DequantizeLinear', [levels, filterScales(lowering, weight, norm)], { axis: { int: 0 } })
}

/** The same of a matrix [outFeatures, inFeatures], turned: [inFeatures, outFeatures]. */
export function roundedColumns(lowering: Lowering, path: string, weight: string): string {
  const { emit } = lowering
  const shape = weightShape(lowering, weight)
  const levels = emit.constant(`${weight}/int8`, 'i8', shape, { kind: 'filterLevels', weight, norm: null })
  const turned = emit.node(path, 'Transpose', [levels], { perm: { ints: [1, 0] } })
  return emit.node(path, 'DequantizeLinear', [turned, filterScales(lowering, weight, null)], { axis: { int: 1 } })
}

function filterScales(lowering: Lowering, weight: string, norm: FoldedNorm | null): string {
  const [filters = 0] = weightShape(lowering, weight)
  return lowering.emit.constant(`${weight}/int8-scale`, 'f32', [filters], { kind: 'filterScales', weight, norm })
}
