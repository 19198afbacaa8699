/** Weights that nobody trained, of a size at which what goes through a model neither fades nor grows. Pure. */
import type { Graph, Node, WeightDeclaration } from '../graph/index.ts'
import { elementCount } from '../tensor.ts'
import type { SeededWeight } from '../weights/seeded.ts'

/** How the weights of a graph are filled, by name. */
export function seededDeclarations(graph: Graph): Map<string, SeededWeight> {
  const gains = graph.kind === 'vision' ? gainsOf(graph.nodes) : new Map<string, number>()
  return new Map(Array.from(graph.weights, ([name, declared]) => [name, seeded(declared, gains.get(name))] as const))
}

/** Matrices and biases are normal with the field's usual deviation of 0.02; what an image goes through has a deviation of its own. */
function seeded({ shape, role }: WeightDeclaration, gain: number | undefined): SeededWeight {
  switch (role) {
    case 'norm':
    case 'variance':
      return { shape, init: 'ones' }
    case 'mean':
      return { shape, init: 'zeros' }
    case 'range':
      return { shape, init: 'range' }
    case 'filter':
    case 'matrix':
    case 'bias':
      return gain === undefined
        ? { shape, init: 'normal' }
        : { shape, init: 'normal', scale: gain / Math.sqrt(elementCount(shape.slice(1))) }
  }
}

/**
 * The deviation of a product's weights, times the root of how many values it sums, by what reads it behind its norm: seeded norms have
 * seen nothing and keep sizes as they are, so that twenty layers would lose a signal that each of them halves.
 */
const GAINS: Readonly<Partial<Record<Node['operation']['kind'], number>>> = {
  // Half of what comes is cut off (He et al., arXiv:1502.01852, equation 10); SiLU and GELU do so to large values, and more to small ones.
  relu: Math.SQRT2,
  clip: Math.SQRT2,
  silu: Math.SQRT2,
  gelu: Math.SQRT2,
  // A branch that is added to what goes past it: a quarter of it in square, so that a hundred layers stay within fp16.
  add: 0.5,
  // What a region's classifier reads was averaged over the region, to a quarter of its size. Logits with a deviation of 2 give one of a
  // hundred classes half of the whole now and then, as a trained head does; with 0.25 none would pass a detector's threshold.
  softmax: 8,
}

/** What stands between a product and what reads it, and leaves its size as it is. */
const PASSED: ReadonlySet<Node['operation']['kind']> = new Set(['batchNorm', 'exact'])

/** By the name of the weight; 1 (LeCun et al., Efficient BackProp, 1998, equation 16) where nothing is known of its reader. */
function gainsOf(nodes: readonly Node[]): Map<string, number> {
  const readers = Map.groupBy(
    nodes.flatMap(node => node.inputs.map(input => ({ input, node }))),
    ({ input }) => input,
  )
  const readerOf = ({ outputs: [value] }: Node): Node | undefined => {
    const [only, ...others] = (value && readers.get(value)) ?? []
    return others.length > 0 ? undefined : only?.node
  }
  return new Map(
    nodes.flatMap(node => {
      const { operation } = node
      if (operation.kind !== 'conv2d' && operation.kind !== 'linear') return []
      const next = readerOf(node)
      const reader = next && PASSED.has(next.operation.kind) ? readerOf(next) : next
      return [[operation.weight, (reader && GAINS[reader.operation.kind]) ?? 1] as const]
    }),
  )
}
