/** One matrix product in place of several that read the same value: query, key and value. */
import type { Node } from '../graph/index.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf } from './lowering.ts'
import { floatProduct, floatWeights, int8Product, stackedName, weightShape } from './matrix.ts'
import { fixedSize } from './portable.ts'

/** Whether nodes are linear ones over the same value, stored alike: one product over their stacked weights can stand for them. */
export function canStack(lowering: Lowering, nodes: readonly Node[]): nodes is NodeOf<'linear'>[] {
  const linears = nodes.filter(node => isKind(node, 'linear'))
  const [first] = linears
  const isAlike = (node: NodeOf<'linear'>, other: NodeOf<'linear'>) =>
    inputAt(node, 0) === inputAt(other, 0) &&
    lowering.policy.matrix(node.path) === lowering.policy.matrix(other.path) &&
    (node.operation.bias === null) === (other.operation.bias === null)
  return first !== undefined && linears.length === nodes.length && linears.every(node => isAlike(node, first))
}

/** x [W1; W2; ...]ᵀ + [b1; b2; ...] of linear nodes that can be stacked: their outputs side by side. */
export function stackedProduct(lowering: Lowering, nodes: readonly NodeOf<'linear'>[]): string {
  const [node] = nodes
  if (!node) throw new Error('a product of no weights')
  const { emit, policy } = lowering
  const weights = nodes.map(({ operation }) => operation.weight)
  const biases = nodes.flatMap(({ operation }) => operation.bias ?? [])
  const isInt8 = policy.matrix(node.path) === 'int8'
  const product = isInt8 ? quantisedProduct(lowering, node, weights) : plainProduct(lowering, node, weights)
  return biases.length === 0 ? product : emit.node(node.path, 'Add', [product, floatWeights(lowering, biases)])
}

/** Weights stay as they are published, [outFeatures, inFeatures]: FusedMatMul reads them so, others fold a transposition. */
function plainProduct(lowering: Lowering, node: NodeOf<'linear'>, names: readonly string[]): string {
  const { emit, policy } = lowering
  const x = inputAt(node, 0)
  if (!policy.ort.hasFusedMatMul) return floatProduct(lowering, node.path, x, names)
  const inputs = [lowering.value(x), floatWeights(lowering, names)]
  return emit.node(node.path, 'FusedMatMul', inputs, { transB: { int: 1 } }, MICROSOFT)
}

const INT8_BLOCK = 64

/** Blocks where whole ones cover a row, else the portable form. */
function quantisedProduct(lowering: Lowering, node: NodeOf<'linear'>, names: readonly string[]): string {
  const x = inputAt(node, 0)
  const columns = fixedSize(x, -1)
  return columns % INT8_BLOCK === 0
    ? blockProduct(lowering, node, columns, names)
    : int8Product(lowering, node.path, x, names)
}

/**
 * MatMulNBits at 8 bits: the same per-channel levels and scales as the portable form, each row's scale repeated for its blocks;
 * activations are quantised by the operator, by row and block (accuracy level 4).
 */
function blockProduct(lowering: Lowering, node: NodeOf<'linear'>, columns: number, names: readonly string[]): string {
  const { emit } = lowering
  const rows = names.reduce((sum, name) => sum + (weightShape(lowering, name)[0] ?? 0), 0)
  const x = lowering.value(inputAt(node, 0))
  const blocks = columns / INT8_BLOCK
  const name = stackedName(names)
  const levels = emit.constant(`${name}.int8`, 'u8', [rows, blocks, INT8_BLOCK], {
    kind: 'int8',
    names,
  })
  const scales = emit.constant(`${name}.scale`, 'f32', [rows * blocks], {
    kind: 'int8-scales',
    names,
    repeat: blocks,
    type: 'f32',
  })
  const attributes = {
    K: { int: columns },
    N: { int: rows },
    bits: { int: 8 },
    block_size: { int: INT8_BLOCK },
    accuracy_level: { int: 4 },
  }
  return emit.node(node.path, 'MatMulNBits', [x, levels, scales], attributes, MICROSOFT)
}
