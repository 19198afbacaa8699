export {
  type Architecture,
  defineArchitecture,
  type Graph,
  type LanguageModelInputs,
  trace,
} from './architecture.ts'
export type { LayerCache } from './cache.ts'
export { inverseFrequencies, type Rope, type RopeScaling } from './rope.ts'
export type { Scope } from './scope.ts'
export type { Dim, Shape } from './shape.ts'
export type { Node, Tensor } from './tensor.ts'
