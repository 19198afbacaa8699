export {
  type Architecture,
  type CacheShape,
  defineArchitecture,
  type Graph,
  type LanguageModelConfig,
  trace,
} from './architecture.ts'
export type { KeysValues, LayerCache } from './cache.ts'
export { inverseFrequencies, type Rope, type RopeScaling } from './rope.ts'
export type { Scope, WeightDeclaration } from './scope.ts'
export type { Dim, Rearrangement, Shape } from './shape.ts'
export type { Node, Operation, Tensor } from './tensor.ts'
