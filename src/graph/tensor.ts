import type { TensorData } from '../tensor.ts'
import type { RegionOperation } from './region-operations.ts'
import type { Rope } from './rope.ts'
import { broadcast, type Rearrangement, rearrangement, type Shape, showShape } from './shape.ts'
import { type Convolution, type Pooling, placeWindow, type WindowSettings } from './window.ts'

/** What a node computes. Whole operations of the field stay whole here; lowering decides how a device is told. */
export type Operation =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: TensorData }
  /** A published weight as it is: a class token, an embedding of positions. */
  | { readonly kind: 'parameter'; readonly weight: string }
  | { readonly kind: 'embedding'; readonly weight: string }
  | { readonly kind: 'linear'; readonly weight: string; readonly bias: string | null }
  | { readonly kind: 'conv2d'; readonly weight: string; readonly bias: string | null; readonly window: Convolution }
  | { readonly kind: 'rmsNorm'; readonly weight: string; readonly epsilon: number }
  | { readonly kind: 'layerNorm'; readonly weight: string; readonly bias: string; readonly epsilon: number }
  | { readonly kind: 'batchNorm'; readonly weights: BatchNormWeights; readonly epsilon: number }
  | { readonly kind: 'rope'; readonly rope: Rope }
  | { readonly kind: 'cache'; readonly layer: number }
  | { readonly kind: 'attend'; readonly scale: number; readonly isCausal: boolean; readonly window: number | null }
  | { readonly kind: 'rearrange'; readonly steps: Rearrangement }
  /** Parts of an axis, one after the other. */
  | { readonly kind: 'split'; readonly axis: number; readonly sizes: readonly number[] }
  | { readonly kind: 'slice'; readonly axis: number; readonly start: number; readonly end: number }
  | { readonly kind: 'concat'; readonly axis: number }
  /** A value of one row, repeated for each row of the second input. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'add' | 'sub' | 'mul' | 'div' }
  | { readonly kind: 'relu' | 'sigmoid' | 'silu' }
  | { readonly kind: 'clip'; readonly least: number; readonly most: number }
  | { readonly kind: 'gelu'; readonly approximate: 'none' | 'tanh' }
  | { readonly kind: 'softmax'; readonly axis: number }
  | { readonly kind: 'mean'; readonly axes: readonly number[]; readonly isKept: boolean }
  | { readonly kind: 'maxPool'; readonly window: Pooling }
  /** Each row and column `factor` times: the nearest neighbour. */
  | { readonly kind: 'upsample'; readonly factor: number }
  | RegionOperation

/** Names of a batch norm's weights, [channels] each. */
export interface BatchNormWeights {
  readonly scale: string
  readonly shift: string
  readonly mean: string
  readonly variance: string
}

/** One operation at one place of a model. */
export interface Node {
  readonly id: number
  /** Where in the model: the scope's path, which is also the published weight's prefix. */
  readonly path: string
  readonly operation: Operation
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

/** `exact` is a float that is read for its own sake, a coordinate or a score that is compared: fp32 whatever a policy computes in. */
export type ValueType = 'float' | 'int' | 'exact'

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

  sub(other: Tensor): Tensor {
    return this.#elementwise({ kind: 'sub' }, other)
  }

  mul(other: Tensor): Tensor {
    return this.#elementwise({ kind: 'mul' }, other)
  }

  div(other: Tensor): Tensor {
    return this.#elementwise({ kind: 'div' }, other)
  }

  relu(): Tensor {
    return this.#alike({ kind: 'relu' })
  }

  sigmoid(): Tensor {
    return this.#alike({ kind: 'sigmoid' })
  }

  /** x * sigmoid(x), arXiv:1702.03118. */
  silu(): Tensor {
    return this.#alike({ kind: 'silu' })
  }

  /** min(max(x, least), most); ReLU6 (arXiv:1704.04861) is clip(0, 6). */
  clip(least: number, most: number): Tensor {
    return this.#alike({ kind: 'clip', least, most })
  }

  /** x Phi(x), arXiv:1606.08415: with the error function, or by its tanh approximation. */
  gelu(approximate: 'none' | 'tanh' = 'none'): Tensor {
    return this.#alike({ kind: 'gelu', approximate })
  }

  softmax(axis = -1): Tensor {
    return this.#alike({ kind: 'softmax', axis: this.#axis(axis) })
  }

  /** The mean over axes, which stay with size 1 where they are kept. */
  mean(axes: readonly number[], { isKept = false } = {}): Tensor {
    const own = axes.map(axis => this.#axis(axis))
    const shape = this.shape.flatMap((dim, axis) => (own.includes(axis) ? (isKept ? [1] : []) : [dim]))
    return this.recorder.value(this.node.path, { kind: 'mean', axes: own, isKept }, [this], shape, this.type)
  }

  /** The largest of each window of [batch, channels, height, width]; what is padded is never the largest. */
  maxPool(settings: WindowSettings): Tensor {
    const { window, size } = this.#placed(settings)
    const shape = [...this.shape.slice(0, 2), ...size]
    return this.recorder.value(this.node.path, { kind: 'maxPool', window }, [this], shape)
  }

  /** Rows and columns of [batch, channels, height, width], each `factor` times. */
  upsample(factor: number): Tensor {
    const [height, width] = [this.size(2), this.size(3)]
    const shape = [...this.shape.slice(0, 2), factor * height, factor * width]
    return this.recorder.value(this.node.path, { kind: 'upsample', factor }, [this], shape)
  }

  /** Parts of an axis, of the given sizes. */
  split(sizes: readonly number[], axis = -1): readonly Tensor[] {
    const own = this.#axis(axis)
    if (sizes.reduce((sum, size) => sum + size, 0) !== this.shape[own])
      throw new Error(`${this.node.path}: axis ${axis} of ${showShape(this.shape)} is not [${sizes.join(' + ')}]`)
    const shapes = sizes.map(size => this.shape.with(own, size))
    return this.recorder.record(this.node.path, { kind: 'split', axis: own, sizes }, [this], shapes, this.type)
  }

  /** The last axis in three equal parts: query, key and value of one product. */
  thirds(): readonly [Tensor, Tensor, Tensor] {
    const third = this.size(-1) / 3
    if (!Number.isInteger(third))
      throw new Error(`${this.node.path}: the last axis of ${showShape(this.shape)} has no thirds`)
    const [a, b, c] = this.split([third, third, third])
    if (!a || !b || !c) throw new Error('an operation without three outputs')
    return [a, b, c]
  }

  /** What lies between `start` and `end` of an axis. */
  slice(axis: number, start: number, end: number): Tensor {
    const own = this.#axis(axis)
    if (start < 0 || end <= start || end > this.size(own))
      throw new Error(`${this.node.path}: axis ${axis} of ${showShape(this.shape)} has no ${start} to ${end}`)
    const shape = this.shape.with(own, end - start)
    return this.recorder.value(this.node.path, { kind: 'slice', axis: own, start, end }, [this], shape, this.type)
  }

  /** This and others behind it along an axis; `varying` names the axis where the sizes of the parts vary. */
  concat(others: readonly Tensor[], axis: number, varying?: string): Tensor {
    const own = this.#axis(axis)
    const all = [this, ...others]
    for (const { shape, node } of all)
      if (shape.length !== this.shape.length || shape.some((dim, at) => at !== own && dim !== this.shape[at]))
        throw new Error(
          `${this.node.path}: concat of ${showShape(this.shape)} and ${showShape(shape)} (${node.path}) along axis ${axis}`,
        )
    const total = varying ?? all.reduce((sum, tensor) => sum + tensor.size(own), 0)
    const shape = this.shape.with(own, total)
    return this.recorder.value(this.node.path, { kind: 'concat', axis: own }, all, shape, this.type)
  }

  /** This value of one row, for each row of `other`: [1, ...] becomes [batch, ...]. */
  repeatFor(other: Tensor): Tensor {
    const [rows = 1] = other.shape
    return this.recorder.value(this.node.path, { kind: 'repeat' }, [this, other], this.shape.with(0, rows), this.type)
  }

  /** The size of an axis that is the same in every call. */
  size(axis: number): number {
    const dim = this.shape.at(axis)
    if (typeof dim !== 'number') throw new Error(`${this.node.path}: axis ${axis} of ${showShape(this.shape)} varies`)
    return dim
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
    const shape = broadcast(this.shape, other.shape)
    if (shape === null)
      throw new Error(
        `${this.node.path}: ${operation.kind} of ${showShape(this.shape)} and ${showShape(other.shape)} (${other.node.path})`,
      )
    const type = this.type === other.type ? this.type : 'exact'
    if (type === 'exact' && (this.type === 'int' || other.type === 'int'))
      throw new Error(`${this.node.path}: ${operation.kind} of ${this.type} and ${other.type} (${other.node.path})`)
    return this.recorder.value(this.node.path, operation, [this, other], shape, type)
  }

  #alike(operation: Operation): Tensor {
    return this.recorder.value(this.node.path, operation, [this], this.shape, this.type)
  }

  /** An axis counted from the front. */
  #axis(axis: number): number {
    const own = axis < 0 ? axis + this.shape.length : axis
    if (this.shape[own] === undefined)
      throw new Error(`${this.node.path}: ${showShape(this.shape)} has no axis ${axis}`)
    return own
  }

  #placed(settings: WindowSettings) {
    return placeWindow(settings, { height: this.size(2), width: this.size(3) }, this.node.path)
  }
}
