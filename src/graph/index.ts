export { type Architecture, defineArchitecture, type LanguageModelInputs, trace } from './architecture.ts'
export type { LayerCache } from './cache.ts'
export type { Graph, LanguageGraph, VisionGraph } from './graph.ts'
export {
  exactly,
  exp,
  indicesWhere,
  nonMaxSuppression,
  roiAlign,
  rowsAt,
  type Suppression,
  topK,
} from './regions.ts'
export { inverseFrequencies, type Rope, type RopeScaling } from './rope.ts'
export type { Layout, Scope, WeightDeclaration } from './scope.ts'
export type { Dim, Shape } from './shape.ts'
export type { BatchNormWeights, Node, Tensor } from './tensor.ts'
export { defineVision } from './vision.ts'
export type { ImageSize, WindowSettings } from './window.ts'
