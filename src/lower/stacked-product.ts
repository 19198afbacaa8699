/** One matrix product in place of several that read the same value: query, key and value. */
import type { Node } from '../graph/index.ts'
import { packedProduct } from './block-product.ts'
import { MICROSOFT } from './emitter.ts'
import { inputAt, isKind, type Lowering, type NodeOf } from './lowering.ts'
import { floatProduct, matrixFormat } from './matrix.ts'
import { floatWeights } from './published-weights.ts'

/** Whether nodes are linear ones over the same value, stored alike: one product over their stacked weights can stand for them. */
export function canStack(lowering: Lowering, nodes: readonly Node[]): nodes is NodeOf<'linear'>[] {
  const linears = nodes.filter(node => isKind(node, 'linear'))
  const [first] = linears
  const isAlike = (node: NodeOf<'linear'>, other: NodeOf<'linear'>) =>
    inputAt(node, 0) === inputAt(other, 0) &&
    matrixFormat(lowering, node) === matrixFormat(lowering, other) &&
    (node.operation.bias === null) === (other.operation.bias === null)
  return first !== undefined && linears.length === nodes.length && linears.every(node => isAlike(node, first))
}

/** x [W1; W2; ...]ᵀ + [b1; b2; ...] of linear nodes that can be stacked: their outputs side by side. */
export function stackedProduct(lowering: Lowering, nodes: readonly NodeOf<'linear'>[]): string {
  const product = stackedMatrix(lowering, nodes)
  const [path = ''] = nodes.map(({ path }) => path)
  const biases = nodes.flatMap(({ operation }) => operation.bias ?? [])
  return biases.length === 0 ? product : lowering.emit.node(path, 'Add', [product, floatWeights(lowering, biases)])
}

/** The same without the biases. */
export function stackedMatrix(lowering: Lowering, nodes: readonly NodeOf<'linear'>[]): string {
  const [node] = nodes
  if (!node) throw new Error('a product of no weights')
  const weights = nodes.map(({ operation }) => operation.weight)
  const format = matrixFormat(lowering, node)
  return format === 'float'
    ? plainProduct(lowering, node, weights)
    : packedProduct(lowering, node.path, inputAt(node, 0), weights, format)
}

/** Weights stay as they are published, [outFeatures, inFeatures]: FusedMatMul reads them so, others fold a transposition. */
function plainProduct(lowering: Lowering, node: NodeOf<'linear'>, names: readonly string[]): string {
  const { emit, policy } = lowering
  const x = inputAt(node, 0)
  if (!policy.ort.hasFusedMatMul) return floatProduct(lowering, node.path, x, names)
  const inputs = [lowering.value(x), floatWeights(lowering, names)]
  return emit.node(node.path, 'FusedMatMul', inputs, { transB: { int: 1 } }, MICROSOFT)
}
