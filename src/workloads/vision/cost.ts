/** What a traced vision model costs to run on one image, from its graph. Pure. */
import type { Node, Shape, VisionGraph } from '../../graph/index.ts'

export interface GraphCost {
  /** 2 for each multiplication with an addition of convolutions, matrix products and attention. */
  readonly flopsPerImage: number
  /** What convolutions, products and poolings give: the rest can be computed where these are written. */
  readonly activationElements: number
  /** The most that one of them takes and gives. */
  readonly heldElements: number
}

/** Null where a shape is not known before the image is: how many regions a detector proposes, say. */
export function costOf(graph: VisionGraph): GraphCost | null {
  const works = graph.nodes.flatMap(node => (isWork(node) ? [workOf(graph, node)] : []))
  const known = works.flatMap(work => work ?? [])
  if (known.length < works.length) return null
  return {
    flopsPerImage: known.reduce((sum, { flops }) => sum + flops, 0),
    activationElements: known.reduce((sum, { given }) => sum + given, 0),
    heldElements: known.reduce((most, { taken, given }) => Math.max(most, taken + given), 0),
  }
}

const WORKS: ReadonlySet<string> = new Set(['conv2d', 'linear', 'attend', 'maxPool', 'mean', 'upsample'])
const isWork = ({ operation }: Node) => WORKS.has(operation.kind)

function workOf(graph: VisionGraph, node: Node): { flops: number; taken: number; given: number } | null {
  const given = sum(node.outputs.map(({ shape }) => elementsOf(shape)))
  const taken = sum(node.inputs.map(({ shape }) => elementsOf(shape)))
  const multiplied = multiplicationsOf(graph, node, given)
  return Number.isFinite(given + taken + multiplied) ? { flops: 2 * multiplied, taken, given } : null
}

function multiplicationsOf(graph: VisionGraph, { operation, inputs, outputs }: Node, given: number): number {
  switch (operation.kind) {
    case 'conv2d':
    case 'linear': {
      // Every element of the output is a sum over all of a filter, or of a row.
      const shape = graph.weights.get(operation.weight)?.shape ?? []
      return given * product(shape.slice(1))
    }
    case 'attend': {
      const size = (axis: number | string | undefined) => (typeof axis === 'number' ? axis : Number.NaN)
      const queries = elementsOf(outputs[0]?.shape.slice(0, -1) ?? [])
      const features = size(inputs[0]?.shape.at(-1)) + size(outputs[0]?.shape.at(-1))
      return queries * size(inputs[1]?.shape.at(-2)) * features
    }
    default:
      return 0
  }
}

/** Of one image; NaN where a dimension other than the batch varies. */
function elementsOf(shape: Shape): number {
  return product(shape.map(size => (typeof size === 'number' ? size : size === 'batch' ? 1 : Number.NaN)))
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1)
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
