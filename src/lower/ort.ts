/** The same operations in onnxruntime's own fused operators (domain com.microsoft), for its speed; the rest is portable. */

import type { Node } from '../graph/index.ts'
import { cacheLayout } from './cache-layout.ts'
import { MICROSOFT } from './emitter.ts'
import { groupQueryAttention } from './fused-attention.ts'
import { imageAttention } from './image-attention.ts'
import { inputAt, isKind, type Lowering, type NodeOf, outputOf, type Rules } from './lowering.ts'
import { lookUp, normWeights, portable } from './portable.ts'
import { floatWeights } from './published-weights.ts'
import { rowsAttention } from './rows-attention.ts'
import { stackedProduct } from './stacked-product.ts'

export const ort: Rules = {
  ...portable,

  /**
   * A tied table becomes a constant of its own beside the head's, of the same bytes in the file: a provider that packs maps each
   * constant for itself and lets the head's go, so that of the table only the rows that are looked up take memory.
   */
  embedding(lowering, node) {
    const { weight } = node.operation
    const isApart = lowering.policy.ort.packsWeights && isTied(lowering, weight)
    lookUp(lowering, node, floatWeights(lowering, [weight], isApart ? `${weight}/table` : weight))
  },

  linear(lowering, node) {
    if (lowering.policy.rounding) return portable.linear(lowering, node)
    lowering.bind(outputOf(node), stackedProduct(lowering, [node]))
  },

  rmsNorm(lowering, node) {
    const sum = inputAt(node, 0).node
    if (isResidual(lowering, sum) && !lowering.isBound(outputOf(sum))) return addThenNorm(lowering, sum, node)
    const { path, operation } = node
    const inputs = [lowering.value(inputAt(node, 0)), floatWeights(lowering, [operation.weight])]
    const attributes = { axis: { int: -1 }, epsilon: { float: operation.epsilon }, stash_type: { int: 1 } }
    lowering.bind(outputOf(node), lowering.emit.node(path, 'SimplifiedLayerNormalization', inputs, attributes))
  },

  layerNorm(lowering, node) {
    const sum = inputAt(node, 0).node
    if (isResidual(lowering, sum) && !lowering.isBound(outputOf(sum))) return addThenNorm(lowering, sum, node)
    portable.layerNorm(lowering, node)
  },

  add(lowering, node) {
    const norm = isResidual(lowering, node) ? lowering.consumers(outputOf(node)).find(isNorm) : undefined
    if (norm) return addThenNorm(lowering, node, norm)
    portable.add(lowering, node)
  },

  attend(lowering, node) {
    if (lowering.graph.kind === 'vision') {
      if (!lowering.policy.ort.fusesImageLayers || !imageAttention(lowering, node)) portable.attend(lowering, node)
      return
    }
    switch (cacheLayout(lowering)) {
      case 'rows':
        return rowsAttention(lowering, node)
      case 'shared':
        return groupQueryAttention(lowering, node)
      case 'append':
        return portable.attend(lowering, node)
    }
  },

  /** A fused attention merges its heads itself. */
  rearrange(lowering, node) {
    lowering.value(inputAt(node, 0))
    if (!lowering.isBound(outputOf(node))) portable.rearrange(lowering, node)
  },

  /** SiLU is QuickGelu, x * sigmoid(alpha x), at alpha 1. */
  silu(lowering, node) {
    const x = lowering.value(inputAt(node, 0))
    lowering.bind(outputOf(node), lowering.emit.node(node.path, 'QuickGelu', [x], { alpha: { float: 1 } }, MICROSOFT))
  },
}

function isTied({ graph }: Lowering, weight: string): boolean {
  return graph.nodes.some(node => isKind(node, 'linear') && node.operation.weight === weight)
}

type Norm = NodeOf<'rmsNorm'> | NodeOf<'layerNorm'>

function isNorm(node: Node): node is Norm {
  return isKind(node, 'rmsNorm') || isKind(node, 'layerNorm')
}

/** A sum of two values of one shape: what the fused operator takes, which repeats neither. */
function isResidual({ graph, policy }: Lowering, node: Node): node is NodeOf<'add'> {
  if (graph.kind === 'vision' && !policy.ort.fusesImageLayers) return false
  return isKind(node, 'add') && inputAt(node, 0).shape.join() === inputAt(node, 1).shape.join()
}

/** One operator gives both the residual sum and its norm. */
function addThenNorm(lowering: Lowering, sum: NodeOf<'add'>, norm: Norm): void {
  const { emit } = lowering
  const { path, operation } = norm
  const [skip, x] = [lowering.value(inputAt(sum, 0)), lowering.value(inputAt(sum, 1))]
  const [normed, added] = [emit.name(path, 'norm'), emit.name(path, 'sum')]
  const isRms = isKind(norm, 'rmsNorm')
  const inputs = [x, skip, ...(isRms ? [floatWeights(lowering, [operation.weight])] : normWeights(lowering, norm))]
  const attributes = { epsilon: { float: operation.epsilon } }
  const operator = isRms ? 'SkipSimplifiedLayerNormalization' : 'SkipLayerNormalization'
  emit.nodeWith(path, operator, inputs, [normed, '', '', added], attributes, MICROSOFT)
  lowering.bind(outputOf(norm), normed)
  lowering.bind(outputOf(sum), added)
}
