/** Matrix products with published weights [outFeatures, inFeatures]. */
import type { Tensor } from '../graph/index.ts'
import { dequantisedProduct } from './block-product.ts'
import type { MatrixFormat } from './content.ts'
import { inputAt, type Lowering, type NodeOf } from './lowering.ts'
import { floatWeights } from './published-weights.ts'
import { roundedColumns } from './quantised.ts'

/** How the policy stores the weights of a product. */
export function matrixFormat({ graph, policy }: Lowering, node: NodeOf<'linear'>): MatrixFormat {
  const isHead = [...graph.outputs.values()].some(output => output.node === node)
  return policy.matrix(node.path, isHead ? 'head' : 'layer')
}

/** x Wᵀ + b. Compilers fold the transposition of the constant. */
export function portableLinear(lowering: Lowering, node: NodeOf<'linear'>): string {
  const { emit } = lowering
  const { weight, bias } = node.operation
  const x = inputAt(node, 0)
  const format = matrixFormat(lowering, node)
  const isStatic = lowering.policy.rounding?.kind === 'static'
  const product = isStatic
    ? emit.node(node.path, 'MatMul', [lowering.value(x), roundedColumns(lowering, node.path, weight)])
    : format === 'float'
      ? floatProduct(lowering, node.path, x, [weight])
      : dequantisedProduct(lowering, node.path, x, [weight], format)
  return bias === null ? product : emit.node(node.path, 'Add', [product, floatWeights(lowering, [bias])])
}

export function floatProduct(lowering: Lowering, path: string, x: Tensor, names: readonly string[]): string {
  const { emit } = lowering
  const columns = emit.node(path, 'Transpose', [floatWeights(lowering, names)], { perm: { ints: [1, 0] } })
  return emit.node(path, 'MatMul', [lowering.value(x), columns])
}
