import type { z } from 'zod'
import { LayerCache } from './cache.ts'
import { Scope, type WeightDeclaration } from './scope.ts'
import { type Node, Recorder, type Tensor } from './tensor.ts'

/** What every language model's config says, under these names, once its schema has read it. */
export interface LanguageModelConfig {
  readonly vocab_size: number
  readonly num_hidden_layers: number
  readonly max_position_embeddings: number
}

/** What a language model's forward pass is given. */
export interface LanguageModelInputs {
  /** Token ids, int [batch, tokens]. */
  readonly ids: Tensor
  readonly layers: readonly LayerCache[]
}

/** A family of models: the `model_type`s that it covers, the schema of its config.json, and its forward pass. */
export interface Architecture<C extends LanguageModelConfig = LanguageModelConfig> {
  readonly types: readonly string[]
  readonly config: z.ZodType<C>
  build(scope: Scope, config: C, inputs: LanguageModelInputs): { readonly logits: Tensor }
}

export function defineArchitecture<C extends LanguageModelConfig>(architecture: Architecture<C>): Architecture<C> {
  return architecture
}

/** The shape of one layer's cache. */
export interface CacheShape {
  readonly heads: number
  readonly headDim: number
}

/** A traced model: its nodes in order of computation and everything that they need. */
export interface Graph {
  readonly nodes: readonly Node[]
  /** int [batch, tokens] */
  readonly ids: Tensor
  /** int [batch, tokens] */
  readonly positions: Tensor
  /** [batch, tokens, vocabulary] */
  readonly logits: Tensor
  readonly weights: ReadonlyMap<string, WeightDeclaration>
  /** Named values, by path. */
  readonly names: ReadonlyMap<string, Tensor>
  readonly caches: readonly CacheShape[]
  readonly vocabulary: number
  readonly maxPositions: number
}

function cacheShapes(nodes: readonly Node[]): CacheShape[] {
  return nodes.flatMap(({ operation, inputs, path }) => {
    if (operation.kind !== 'cache') return []
    const [, heads, , headDim] = inputs[0]?.shape ?? []
    if (typeof heads !== 'number' || typeof headDim !== 'number') throw new Error(`${path}: a cache whose shape varies`)
    return [{ heads, headDim }]
  })
}

/** Runs an architecture's forward pass once on symbolic tensors. A shape that does not fit throws, with the path. */
export function trace<C extends LanguageModelConfig>(architecture: Architecture<C>, config: C): Graph {
  const recorder = new Recorder()
  const weights = new Map<string, WeightDeclaration>()
  const names = new Map<string, Tensor>()
  const ids = recorder.value('', { kind: 'input', name: 'input_ids' }, [], ['batch', 'tokens'], 'int')
  const positions = recorder.value('', { kind: 'input', name: 'position_ids' }, [], ['batch', 'tokens'], 'int')
  const layers = Array.from(
    { length: config.num_hidden_layers },
    (_, layer) => new LayerCache(recorder, layer, positions),
  )
  const { logits } = architecture.build(new Scope('', { recorder, weights, names }), config, { ids, layers })
  return {
    nodes: recorder.nodes,
    ids,
    positions,
    logits,
    weights,
    names,
    caches: cacheShapes(recorder.nodes),
    vocabulary: config.vocab_size,
    maxPositions: config.max_position_embeddings,
  }
}
