/** A model that is nothing but matrix products: what a device gives at most, run like any other model. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { LanguageModel } from '../../build/model.ts'
import { defineArchitecture, type Scope, type Tensor, trace } from '../../graph/index.ts'
import { elementCount } from '../../tensor.ts'
import type { WeightSource } from '../../weights/source.ts'

/** The `model_type` of its directory: an engine that takes directories says whether it knows it. */
export const CEILING = 'ceiling'
/** Features of the square products: 16 MiB of fp32 each. */
const WIDTH = 2048
/** Rows of the embedding and of the head, so that neither takes time. */
const VOCABULARY = 32
/** The most rows that a pass may take. */
export const MOST_ROWS = 8192

const Config = z.object({
  vocab_size: z.int(),
  num_hidden_layers: z.int(),
  max_position_embeddings: z.int(),
  products: z.int(),
})

const products = defineArchitecture({
  types: [CEILING],
  config: Config,
  build(scope: Scope, config: z.output<typeof Config>, { ids }) {
    let x: Tensor = scope.embedding('embed', ids, config.vocab_size, WIDTH)
    for (let product = 0; product < config.products; product++) x = scope.linear(`products.${product}`, x, WIDTH)
    return { logits: scope.linear('head', x, config.vocab_size) }
  },
})

/** A chain of `count` square products [2048, 2048] behind a tiny embedding and before a tiny head. */
export function ceilingModel(count: number): LanguageModel {
  const config = {
    model_type: CEILING,
    hidden_size: WIDTH,
    vocab_size: VOCABULARY,
    num_hidden_layers: 0,
    max_position_embeddings: MOST_ROWS,
    products: count,
  }
  const graph = trace(products, config)
  const shapes = [...graph.weights.values()].map(({ shape }) => shape)
  return {
    kind: 'llm',
    reference: `ceiling of ${count} products`,
    directory: null,
    config,
    graph,
    fingerprint: createHash('sha256').update(`ceiling 3 ${WIDTH} ${count}`).digest('hex'),
    contents: { config, checksums: {} },
    parameters: shapes.reduce((sum, shape) => sum + elementCount(shape), 0),
    goldens: [],
    openWeights: () => repeatedWeights(new Map(Array.from(graph.weights, ([name, { shape }]) => [name, shape]))),
  }
}

/** A large odd number, so that rows do not repeat where a block ends. */
const BLOCK_ELEMENTS = 262_147

/**
 * Weights out of one block of numbers, over and over: no device computes faster for that, and 128 MiB of normal numbers would take
 * longer to make than to measure. Their size keeps what goes through a product as large as it was.
 */
function repeatedWeights(shapes: ReadonlyMap<string, readonly number[]>): WeightSource {
  const bound = Math.sqrt(3 / WIDTH)
  let state = 1
  const block = Float32Array.from({ length: BLOCK_ELEMENTS }, () => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 31 - 1) * bound
  })
  const bytes = new Uint8Array(block.buffer)
  return {
    weights: new Map(Array.from(shapes, ([name, shape]) => [name, { type: 'f32', shape }])),
    read(name, offset, length) {
      const part = new Uint8Array(length)
      const start = 4 * [...shapes.keys()].indexOf(name) // no two weights are the same
      for (let done = 0; done < length; ) {
        const from = (start + offset + done) % bytes.length
        const piece = bytes.subarray(from, from + length - done)
        part.set(piece, done)
        done += piece.length
      }
      return part
    },
    close: () => undefined,
  }
}
