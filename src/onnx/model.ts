/** An ONNX model as plain values: what lowering makes, what the writer writes and the reader gives. */
import type { ElementType, TensorData } from '../tensor.ts'
import type { StoredType } from './elements.ts'

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorData }
  /** What Assay does not look into (a subgraph, a sparse tensor, a type): its AttributeProto, kept as it was read. */
  | { readonly opaque: Uint8Array }

export interface OnnxNode {
  readonly name: string
  readonly operator: string
  /** '' for standard ONNX, 'com.microsoft' for onnxruntime's own. */
  readonly domain: string
  /** '' for an optional input that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A graph input or output; a dimension is a size, or the name of one that varies. */
export interface OnnxValue {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[]
}

/** A constant of the graph. Its bytes are asked for once, in order, when the file is written. */
export interface OnnxInitializer {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly chunks: () => Iterable<Uint8Array>
  /** Initializers of equal keys hold equal bytes, and lie in the data file once; by default each has its own. */
  readonly contentKey?: string
}

export interface OnnxModel {
  readonly name: string
  readonly irVersion: number
  /** Opset version by domain. */
  readonly opsets: Readonly<Record<string, number>>
  readonly producer: { readonly name: string; readonly version: string }
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly initializers: readonly OnnxInitializer[]
  readonly metadata: Readonly<Record<string, string>>
}
