/** Operations over the rows and columns of images, in standard ONNX operators. */
import type { Attribute } from '../onnx/model.ts'
import type { FoldedNorm } from './content.ts'
import { foldedFilters, foldedShift } from './folded-norm.ts'
import { inputAt, isKind, type Lowering, type NodeOf, outputOf, type Rules } from './lowering.ts'
import { floatWeights } from './published-weights.ts'
import { roundedFilters } from './quantised.ts'

type Window = NodeOf<'conv2d'>['operation']['window'] | NodeOf<'maxPool'>['operation']['window']

function windowAttributes({ kernel, stride, padding, ...rest }: Window): Record<string, Attribute> {
  const dilation = 'dilation' in rest ? rest.dilation : 1
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: stride },
    pads: { ints: padding },
    dilations: { ints: [dilation, dilation] },
  }
}

/** A convolution's weights as the policy has them, the norm behind it in them. */
function filters(lowering: Lowering, { path, operation }: NodeOf<'conv2d'>, norm: FoldedNorm | null): string {
  const { weight } = operation
  if (lowering.policy.rounding?.kind === 'static') return roundedFilters(lowering, path, weight, norm)
  return norm === null ? floatWeights(lowering, [weight]) : foldedFilters(lowering, weight, norm)
}

function convolution(lowering: Lowering, node: NodeOf<'conv2d'>, weights: readonly string[]): string {
  const { window } = node.operation
  const attributes = { ...windowAttributes(window), group: { int: window.groups } }
  return lowering.emit.node(node.path, 'Conv', [lowering.value(inputAt(node, 0)), ...weights], attributes)
}

export const images: Pick<Rules, 'conv2d' | 'batchNorm' | 'maxPool' | 'upsample'> = {
  conv2d(lowering, node) {
    const { bias } = node.operation
    const weights = [filters(lowering, node, null), ...(bias === null ? [] : [floatWeights(lowering, [bias])])]
    lowering.bind(outputOf(node), convolution(lowering, node, weights))
  },

  /** Behind a convolution that nobody else reads it is part of that convolution's weights, as every compiler makes it. */
  batchNorm(lowering, node) {
    const { emit } = lowering
    const { weights, epsilon } = node.operation
    const x = inputAt(node, 0)
    if (isKind(x.node, 'conv2d') && lowering.consumers(x).length === 1) {
      const norm = { ...weights, epsilon }
      const shift = foldedShift(lowering, x.node.path, x.node.operation.bias, norm)
      const folded = [filters(lowering, x.node, norm), shift]
      return lowering.bind(outputOf(node), convolution(lowering, x.node, folded))
    }
    const { scale, shift, mean, variance } = weights
    const inputs = [lowering.value(x), ...[scale, shift, mean, variance].map(name => floatWeights(lowering, [name]))]
    const attributes = { epsilon: { float: epsilon } }
    lowering.bind(outputOf(node), emit.node(node.path, 'BatchNormalization', inputs, attributes))
  },

  maxPool(lowering, node) {
    const attributes = windowAttributes(node.operation.window)
    const x = lowering.value(inputAt(node, 0))
    lowering.bind(outputOf(node), lowering.emit.node(node.path, 'MaxPool', [x], attributes))
  },

  upsample(lowering, node) {
    const { emit } = lowering
    const { factor } = node.operation
    const scales = emit.floats(1, 1, factor, factor)
    const attributes = {
      mode: { string: 'nearest' },
      nearest_mode: { string: 'floor' },
      coordinate_transformation_mode: { string: 'asymmetric' },
    }
    const inputs = [lowering.value(inputAt(node, 0)), '', scales]
    lowering.bind(outputOf(node), emit.node(node.path, 'Resize', inputs, attributes))
  },
}
