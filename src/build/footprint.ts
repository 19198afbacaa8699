/** What a model takes, in bytes, known before anything of it is built. Pure. */
import type { Graph } from '../graph/index.ts'
import type { Constant, LoweredGraph } from '../lower/index.ts'
import { storedBytes } from '../onnx/elements.ts'
import { BYTES_PER_ELEMENT, elementCount } from '../tensor.ts'
import type { Precision } from '../words.ts'

export interface Footprint {
  /** Weights as they are stored, each once: what a file of them holds, and a device at least. */
  readonly weightBytes: number
  /** Those that every pass reads: of an embedding's table only some rows are read, and it is not among them unless the head reads it too. */
  readonly passBytes: number
  /** The keys and values of one position of one row; 0 for a model without a cache. */
  readonly slotBytes: number
  /** The logits of one position of one row; 0 for a model that knows no positions. */
  readonly logitsBytes: number
}

/** Constants of equal keys hold the same bytes, which are written once; those that lowering made are told apart by name. */
export function contentKeyOf({ name, content }: Constant): string {
  return content.kind === 'values' ? name : JSON.stringify(content)
}

/** The footprint of a lowered graph: its constants are exact, what an engine needs beside them is not counted. */
export function footprintOfGraph({ constants, nodes, interface: driven }: LoweredGraph): Footprint {
  const cache = driven?.cache ?? null
  return {
    weightBytes: distinctBytes(constants),
    passBytes: distinctBytes(readWhole({ constants, nodes })),
    slotBytes: cache === null ? 0 : cache.tensors.length * cache.heads * cache.headDim * BYTES_PER_ELEMENT[cache.type],
    logitsBytes: (driven?.vocabulary ?? 0) * BYTES_PER_ELEMENT.f32,
  }
}

function distinctBytes(constants: readonly Constant[]): number {
  const bytes = new Map(constants.map(constant => [contentKeyOf(constant), storedBytes(constant.type, constant.shape)]))
  return sum(bytes.values())
}

/** Constants that hold published weights and that some operator other than a look-up reads. */
export function readWhole({ constants, nodes }: Pick<LoweredGraph, 'constants' | 'nodes'>): Constant[] {
  const inputs = new Set(nodes.filter(({ operator }) => operator !== 'Gather').flatMap(node => node.inputs))
  return constants.filter(({ name, content }) => content.kind !== 'values' && inputs.has(name))
}

const BYTES_PER_WEIGHT: Readonly<Record<Precision, number>> = {
  fp32: 4,
  fp16: 2,
  bf16: 2,
  int8: 1,
  int4: 0.5,
  'int4-symmetric': 0.5,
}

/** The footprint of a checkpoint that an engine takes as it is, in a precision: scales of quantised weights are not counted. */
export function footprintOfWeights(graph: Graph, precision: Precision): Footprint {
  const { nodes, weights } = graph
  const [caches, vocabulary] = graph.kind === 'language' ? [graph.caches, graph.vocabulary] : [[], 0]
  const bytes = (names: Iterable<string>) =>
    sum(Array.from(names, name => elementCount(weights.get(name)?.shape ?? []))) * BYTES_PER_WEIGHT[precision]
  const multiplied = new Set(
    nodes.flatMap(({ operation }) =>
      operation.kind === 'linear' || operation.kind === 'conv2d' ? [operation.weight] : [],
    ),
  )
  const features = sum(caches.map(({ heads, headDim }) => 2 * heads * headDim))
  return {
    weightBytes: bytes(weights.keys()),
    passBytes: bytes(multiplied),
    slotBytes: features * (precision === 'fp32' ? 4 : 2),
    logitsBytes: vocabulary * BYTES_PER_ELEMENT.f32,
  }
}

function sum(values: Iterable<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}
