import type { Rope } from './rope.ts'
import { type Rearrangement, rearrangement, type Shape, sameShape, showShape } from './shape.ts'

/** What a node computes. Whole operations of the field stay whole here; lowering decides how a device is told. */
export type Operation =
  | { readonly kind: 'input'; readonly name: 'input_ids' | 'position_ids' }
  | { readonly kind: 'embedding'; readonly weight: string }
  | { readonly kind: 'linear'; readonly weight: string; readonly bias: string | null }
  | { readonly kind: 'rmsNorm'; readonly weight: string; readonly epsilon: number }
  | { readonly kind: 'layerNorm'; readonly weight: string; readonly bias: string; readonly epsilon: number }
  | { readonly kind: 'rope'; readonly rope: Rope }
  | { readonly kind: 'cache'; readonly layer: number }
  | { readonly kind: 'attend'; readonly scale: number; readonly window: number | null }
  | { readonly kind: 'rearrange'; readonly steps: Rearrangement }
  | { readonly kind: 'thirds' }
  | { readonly kind: 'add' }
  | { readonly kind: 'mul' }
  | { readonly kind: 'silu' }
  | { readonly kind: 'gelu'; readonly approximate: 'none' | 'tanh' }

/** One operation at one place of a model. */
export interface Node {
  readonly id: number
  /** Where in the model: the scope's path, which is also the published weight's prefix. */
  readonly path: string
  readonly operation: Operation
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

export type ValueType = 'float' | 'int'

/** Takes down nodes in the order in which they are written. */
export class Recorder {
  readonly nodes: Node[] = []

  /** Records an operation with one output for each given shape. */
  record(
    path: string,
    operation: Operation,
    inputs: readonly Tensor[],
    shapes: readonly Shape[],
    type: ValueType = 'float',
  ): Tensor[] {
    const outputs: Tensor[] = []
    const node: Node = { id: this.nodes.length, path, operation, inputs, outputs }
    for (const shape of shapes) outputs.push(new Tensor(this, node, shape, type))
    this.nodes.push(node)
    return outputs
  }

  /** Records an operation with one output. */
  value(
    path: string,
    operation: Operation,
    inputs: readonly Tensor[],
    shape: Shape,
    type: ValueType = 'float',
  ): Tensor {
    const [tensor] = this.record(path, operation, inputs, [shape], type)
    if (!tensor) throw new Error('an operation without an output')
    return tensor
  }
}

/** A value of the model: an output of a node, with its shape. Operators on it record further nodes at the same path. */
export class Tensor {
  readonly recorder: Recorder
  readonly node: Node
  readonly shape: Shape
  readonly type: ValueType

  constructor(recorder: Recorder, node: Node, shape: Shape, type: ValueType) {
    this.recorder = recorder
    this.node = node
    this.shape = shape
    this.type = type
  }

  add(other: Tensor): Tensor {
    return this.#elementwise({ kind: 'add' }, other)
  }

  mul(other: Tensor): Tensor {
    return this.#elementwise({ kind: 'mul' }, other)
  }

  /** x * sigmoid(x), arXiv:1702.03118. */
  silu(): Tensor {
    return this.recorder.value(this.node.path, { kind: 'silu' }, [this], this.shape)
  }

  /** x Phi(x), arXiv:1606.08415: with the error function, or by its tanh approximation. */
  gelu(approximate: 'none' | 'tanh' = 'none'): Tensor {
    return this.recorder.value(this.node.path, { kind: 'gelu', approximate }, [this], this.shape)
  }

  /** The last axis in three equal parts: query, key and value of one product. */
  thirds(): readonly [Tensor, Tensor, Tensor] {
    const last = this.shape.at(-1)
    if (typeof last !== 'number' || last % 3 !== 0)
      throw new Error(`${this.node.path}: the last axis of ${showShape(this.shape)} has no thirds`)
    const shape = [...this.shape.slice(0, -1), last / 3]
    const [a, b, c] = this.recorder.record(this.node.path, { kind: 'thirds' }, [this], [shape, shape, shape], this.type)
    if (!a || !b || !c) throw new Error('an operation without three outputs')
    return [a, b, c]
  }

  /** Splits, permutes and merges axes: `rearrange('b t (h d) -> b h t d', { d: 64 })`. */
  rearrange(pattern: string, sizes: Readonly<Record<string, number>> = {}): Tensor {
    try {
      const steps = rearrangement(pattern, this.shape, sizes)
      return this.recorder.value(this.node.path, { kind: 'rearrange', steps }, [this], steps.merged, this.type)
    } catch (error) {
      throw new Error(`${this.node.path}: ${error instanceof Error ? error.message : error}`)
    }
  }

  #elementwise(operation: Operation, other: Tensor): Tensor {
    if (!sameShape(this.shape, other.shape))
      throw new Error(
        `${this.node.path}: ${operation.kind} of ${showShape(this.shape)} and ${showShape(other.shape)} (${other.node.path})`,
      )
    return this.recorder.value(this.node.path, operation, [this, other], this.shape)
  }
}
