/** What a traced language model costs to run, from its graph. Pure. */
import type { LanguageGraph, Node } from '../../graph/index.ts'

/** The parts of a cost that do not depend on how weights are stored. */
export interface GraphCost {
  /** Parameters of the matrix products that every token goes through, the head aside. */
  readonly productParameters: number
  /** Parameters of the product that gives the logits. */
  readonly headParameters: number
  /** Query heads x their features, summed over the layers. */
  readonly attentionFeatures: number
  /** Elements of keys and values of one token in all layers. */
  readonly cacheElementsPerToken: number
  /** The most features that a product other than the head takes and gives for one token. */
  readonly widestFeatures: number
}

export function costOf(graph: LanguageGraph): GraphCost {
  const products = graph.nodes.flatMap(node => productOf(graph, node))
  const head = products.filter(({ isHead }) => isHead)
  const others = products.filter(({ isHead }) => !isHead)
  const parameters = (some: typeof products) => some.reduce((sum, { taken, given }) => sum + taken * given, 0)
  return {
    productParameters: parameters(others),
    headParameters: parameters(head),
    attentionFeatures: graph.nodes.reduce((sum, node) => sum + queryFeatures(node), 0),
    cacheElementsPerToken: graph.caches.reduce((sum, { heads, headDim }) => sum + 2 * heads * headDim, 0),
    widestFeatures: Math.max(0, ...others.map(({ taken, given }) => taken + given)),
  }
}

function productOf(graph: LanguageGraph, node: Node): { taken: number; given: number; isHead: boolean }[] {
  if (node.operation.kind !== 'linear') return []
  const [given = 0, taken = 0] = graph.weights.get(node.operation.weight)?.shape ?? []
  return [{ taken, given, isHead: node === graph.logits.node }]
}

/** Of an attention over queries [batch, heads, tokens, headDim]. */
function queryFeatures({ operation, inputs }: Node): number {
  if (operation.kind !== 'attend') return 0
  const [, heads, , headDim] = inputs[0]?.shape ?? []
  return typeof heads === 'number' && typeof headDim === 'number' ? heads * headDim : 0
}
