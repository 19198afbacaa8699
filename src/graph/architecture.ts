import type { z } from 'zod'
import { LayerCache } from './cache.ts'
import type { CacheShape, Graph, LanguageGraph, Positioning } from './graph.ts'
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
  /** The position of each token, int [batch, tokens]. */
  readonly positions: Tensor
  readonly layers: readonly LayerCache[]
}

/** A family of language models: the `model_type`s that it covers, the schema of its config.json, and its forward pass. */
export interface Definition<C extends LanguageModelConfig> {
  readonly types: readonly string[]
  readonly config: z.ZodType<C>
  build(scope: Scope, config: C, inputs: LanguageModelInputs): { readonly logits: Tensor }
}

/** A config.json that a family could read, ready to be traced, or what is wrong with it. */
export type ReadConfig<G extends Graph> = { readonly trace: () => G } | { readonly issues: readonly z.core.$ZodIssue[] }

/** A family of models of any kind, as a config.json finds it. */
export interface Architecture<G extends Graph = Graph> {
  /** The `model_type`s, or timm's `architecture`s, that it covers. */
  readonly types: readonly string[]
  /** Reads the content of a config.json. A shape that does not fit shows when it is traced. */
  read(config: unknown): ReadConfig<G>
}

export function defineArchitecture<C extends LanguageModelConfig>(
  definition: Definition<C>,
): Definition<C> & Architecture<LanguageGraph> {
  return {
    ...definition,
    read(config) {
      const parsed = definition.config.safeParse(config)
      return parsed.success ? { trace: () => trace(definition, parsed.data) } : { issues: parsed.error.issues }
    },
  }
}

function cacheShapes(nodes: readonly Node[]): CacheShape[] {
  return nodes.flatMap(({ operation, inputs, path }) => {
    if (operation.kind !== 'cache') return []
    const [, heads, , headDim] = inputs[0]?.shape ?? []
    if (typeof heads !== 'number' || typeof headDim !== 'number') throw new Error(`${path}: a cache whose shape varies`)
    return [{ heads, headDim }]
  })
}

/** Rotations of queries and keys cancel to their distance (RoFormer, section 3.2); whatever else reads positions does not. */
function positioningOf(nodes: readonly Node[], positions: Tensor): Positioning {
  const readers = nodes.filter(({ inputs }) => inputs.includes(positions))
  if (readers.length === 0) return 'none'
  const isTurned = ({ node }: Tensor) => node.operation.kind === 'rope'
  const isBothOrNeither = nodes.every(({ operation, inputs: [query, keys] }) => {
    const [newKeys] = keys?.node.inputs ?? []
    return operation.kind !== 'attend' || !query || !newKeys || isTurned(query) === isTurned(newKeys)
  })
  return isBothOrNeither && readers.every(({ operation }) => operation.kind === 'rope') ? 'relative' : 'absolute'
}

/** Runs an architecture's forward pass once on symbolic tensors. A shape that does not fit throws, with the path. */
export function trace<C extends LanguageModelConfig>(architecture: Definition<C>, config: C): LanguageGraph {
  const recorder = new Recorder()
  const weights = new Map<string, WeightDeclaration>()
  const names = new Map<string, Tensor>()
  const ids = recorder.value('', { kind: 'input', name: 'input_ids' }, [], ['batch', 'tokens'], 'int')
  const positions = recorder.value('', { kind: 'input', name: 'position_ids' }, [], ['batch', 'tokens'], 'int')
  const layers = Array.from(
    { length: config.num_hidden_layers },
    (_, layer) => new LayerCache(recorder, layer, positions),
  )
  const { logits } = architecture.build(new Scope('', { recorder, weights, names }), config, { ids, positions, layers })
  return {
    kind: 'language',
    nodes: recorder.nodes,
    inputs: [ids, positions],
    outputs: new Map([['logits', logits]]),
    layouts: [],
    ids,
    positions,
    logits,
    weights,
    names,
    caches: cacheShapes(recorder.nodes),
    windows: recorder.nodes.flatMap(({ operation }) => (operation.kind === 'attend' ? [operation.window] : [])),
    positioning: positioningOf(recorder.nodes, positions),
    vocabulary: config.vocab_size,
    maxPositions: config.max_position_embeddings,
  }
}
