import type { Layout, WeightDeclaration } from './scope.ts'
import type { Node, Tensor } from './tensor.ts'
import type { ImageSize } from './window.ts'

/** What every traced model has: its nodes in order of computation and everything that they need. */
export interface Traced {
  readonly nodes: readonly Node[]
  /** What the model is fed, in the order in which it was declared. */
  readonly inputs: readonly Tensor[]
  /** What it gives, by the names that are published. */
  readonly outputs: ReadonlyMap<string, Tensor>
  readonly weights: ReadonlyMap<string, WeightDeclaration>
  /** Other ways in which the same weights are published. */
  readonly layouts: readonly Layout[]
  /** Named values, by path. */
  readonly names: ReadonlyMap<string, Tensor>
}

/** The shape of one layer's cache. */
export interface CacheShape {
  readonly heads: number
  readonly headDim: number
}

/**
 * How a model knows positions. Relative: queries and keys are turned by their position, and nothing else knows it, so that only
 * differences count.
 */
export type Positioning = 'relative' | 'absolute' | 'none'

export interface LanguageGraph extends Traced {
  readonly kind: 'language'
  /** int [batch, tokens] */
  readonly ids: Tensor
  /** int [batch, tokens] */
  readonly positions: Tensor
  /** [batch, tokens, vocabulary] */
  readonly logits: Tensor
  readonly caches: readonly CacheShape[]
  /** The sliding window of each layer's attention, in positions with the query's own; null where it sees everything. */
  readonly windows: readonly (number | null)[]
  /** Whether a result depends on where a text begins (absolute) or only on distances (relative). */
  readonly positioning: Positioning
  readonly vocabulary: number
  readonly maxPositions: number
}

export type VisionTask = 'classification' | 'detection'

export interface VisionGraph extends Traced {
  readonly kind: 'vision'
  readonly task: VisionTask
  /** [batch, 3, height, width], RGB, normalised */
  readonly pixels: Tensor
  readonly image: ImageSize
  /** How many classes it tells apart. */
  readonly classes: number
}

/** A traced model. */
export type Graph = LanguageGraph | VisionGraph
