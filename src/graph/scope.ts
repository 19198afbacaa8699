import type { TensorData } from '../tensor.ts'
import type { KeysValues } from './cache.ts'
import type { Rope } from './rope.ts'
import { type Dim, showShape } from './shape.ts'
import type { Recorder, Tensor, ValueType } from './tensor.ts'
import { placeWindow, type WindowSettings } from './window.ts'

/**
 * A weight as an architecture expects it. `mean` and `variance` are what a batch norm saw while it was trained: no parameters, but
 * statistics that are published with them. A `range` is 0, 1, 2 and so on, which no training moves.
 */
export interface WeightDeclaration {
  readonly shape: readonly number[]
  readonly role: 'matrix' | 'filter' | 'norm' | 'bias' | 'mean' | 'variance' | 'range'
  /** Published the other way round, [inFeatures, outFeatures]; `shape` is as the graph uses it. */
  readonly isTransposed?: true
}

/** Where another publisher keeps a weight: under another name, or as one of equal parts of a larger one along its first axis. */
export interface Published {
  readonly name: string
  readonly part?: { readonly index: number; readonly of: number }
}

/** Another way in which the weights of a family are published, from our names to its own; null for a weight that it does not know. */
export type Layout = (name: string) => Published | null

/** What an architecture declares while it is traced. */
export interface Declarations {
  readonly recorder: Recorder
  readonly weights: Map<string, WeightDeclaration>
  readonly names: Map<string, Tensor>
}

function features(tensor: Tensor): number {
  return tensor.size(-1)
}

/** A place in a model. Its path is the prefix of the published weights' names and of the nodes' names. */
export class Scope {
  readonly path: string
  readonly #declarations: Declarations

  constructor(path: string, declarations: Declarations) {
    this.path = path
    this.#declarations = declarations
  }

  in(name: string): Scope {
    return new Scope(this.#join(name), this.#declarations)
  }

  /** Names a value, so that a comparison layer by layer can ask for it: `model.layers.0.h`. */
  let(name: string, tensor: Tensor): Tensor {
    const path = this.#join(name)
    if (this.#declarations.names.has(path)) throw new Error(`${path} is named twice`)
    this.#declarations.names.set(path, tensor)
    return tensor
  }

  /** Rows of `NAME.weight` [vocabulary, features] by token id. */
  embedding(name: string, ids: Tensor, vocabulary: number, width: number): Tensor {
    const path = this.#join(name)
    const weight = this.#declare(`${path}.weight`, [vocabulary, width], 'matrix')
    return this.#record(path, { kind: 'embedding', weight }, [ids], [...ids.shape, width])
  }

  /** x Wᵀ + b with `NAME.weight` [outFeatures, inFeatures] and, where asked, `NAME.bias` [outFeatures]. */
  linear(name: string, x: Tensor, outFeatures: number, { bias = false } = {}): Tensor {
    const path = this.#join(name)
    const weight = this.#declare(`${path}.weight`, [outFeatures, features(x)], 'matrix')
    const biasName = bias ? this.#declare(`${path}.bias`, [outFeatures], 'bias') : null
    return this.#record(path, { kind: 'linear', weight, bias: biasName }, [x], [...x.shape.slice(0, -1), outFeatures])
  }

  /** `linear` whose published weight is [inFeatures, outFeatures] and which always has a bias: GPT-2's Conv1D. */
  conv1d(name: string, x: Tensor, outFeatures: number): Tensor {
    const path = this.#join(name)
    const weight = this.#declare(`${path}.weight`, [outFeatures, features(x)], 'matrix', { isTransposed: true })
    const bias = this.#declare(`${path}.bias`, [outFeatures], 'bias')
    return this.#record(path, { kind: 'linear', weight, bias }, [x], [...x.shape.slice(0, -1), outFeatures])
  }

  /** x / sqrt(mean(x²) + epsilon) * `NAME.weight` (arXiv:1910.07467). */
  rmsNorm(name: string, x: Tensor, epsilon: number): Tensor {
    const path = this.#join(name)
    const weight = this.#declare(`${path}.weight`, [features(x)], 'norm')
    return this.#record(path, { kind: 'rmsNorm', weight, epsilon }, [x], x.shape)
  }

  /** (x - mean(x)) / sqrt(var(x) + epsilon) * `NAME.weight` + `NAME.bias` (arXiv:1607.06450). */
  layerNorm(name: string, x: Tensor, epsilon: number): Tensor {
    const path = this.#join(name)
    const weight = this.#declare(`${path}.weight`, [features(x)], 'norm')
    const bias = this.#declare(`${path}.bias`, [features(x)], 'bias')
    return this.#record(path, { kind: 'layerNorm', weight, bias, epsilon }, [x], x.shape)
  }

  /** A published weight as a value: a class token, an embedding of positions. */
  parameter(name: string, shape: readonly number[]): Tensor {
    const path = this.#join(name)
    return this.#record(path, { kind: 'parameter', weight: this.#declare(path, shape, 'matrix') }, [], shape)
  }

  /** Numbers that the architecture itself knows: anchors, a grid. Whole numbers where the tensor is i64. */
  constant(name: string, tensor: TensorData, type: ValueType = tensor.type === 'i64' ? 'int' : 'float'): Tensor {
    const { recorder } = this.#declarations
    return recorder.value(this.#join(name), { kind: 'constant', tensor }, [], tensor.shape, type)
  }

  /** A convolution of [batch, channels, height, width] with `NAME.weight` [filters, channels / groups, kernel, kernel] and, where asked, `NAME.bias`. */
  conv2d(
    name: string,
    x: Tensor,
    filters: number,
    {
      groups = 1,
      bias = false,
      role = 'filter',
      ...settings
    }: WindowSettings & { readonly groups?: number; readonly bias?: boolean; readonly role?: 'filter' | 'range' },
  ): Tensor {
    const path = this.#join(name)
    const channels = x.size(1)
    if (channels % groups !== 0 || filters % groups !== 0)
      throw new Error(`${path}: ${channels} channels and ${filters} filters in ${groups} groups`)
    const { window, size } = placeWindow(settings, { height: x.size(2), width: x.size(3) }, path)
    const weight = this.#declare(`${path}.weight`, [filters, channels / groups, ...window.kernel], role)
    const biasName = bias ? this.#declare(`${path}.bias`, [filters], 'bias') : null
    const operation = { kind: 'conv2d', weight, bias: biasName, window: { ...window, groups } } as const
    return this.#record(path, operation, [x], [x.shape[0] ?? 1, filters, ...size])
  }

  /** (x - running_mean) / sqrt(running_var + epsilon) * weight + bias over the channels of [batch, channels, ...] (arXiv:1502.03167). */
  batchNorm(name: string, x: Tensor, epsilon: number): Tensor {
    const path = this.#join(name)
    const declare = (weight: string, role: WeightDeclaration['role']) =>
      this.#declare(`${path}.${weight}`, [x.size(1)], role)
    const weights = {
      scale: declare('weight', 'norm'),
      shift: declare('bias', 'bias'),
      mean: declare('running_mean', 'mean'),
      variance: declare('running_var', 'variance'),
    }
    return this.#record(path, { kind: 'batchNorm', weights, epsilon }, [x], x.shape)
  }

  /** Rotates pairs of features of [batch, heads, tokens, headDim] by their position. */
  rope(x: Tensor, positions: Tensor, rope: Rope): Tensor {
    const rotated = rope.features ?? features(x)
    if (x.shape.length !== 4 || rotated % 2 !== 0 || rotated < 2 || rotated > features(x))
      throw new Error(
        `${this.path}: rope of ${rotated} features of ${showShape(x.shape)}, not an even number of [batch, heads, tokens, headDim]`,
      )
    return this.#record(this.path, { kind: 'rope', rope }, [x, positions], x.shape)
  }

  /**
   * Causal softmax(scale q kᵀ) v; each group of query heads shares one head of keys and values (arXiv:2305.13245). With a window
   * a position sees that many, the last of them itself (arXiv:2004.05150). Not causal: every position sees all of them.
   */
  attend(
    q: Tensor,
    { keys, values }: KeysValues,
    { scale, isCausal = true, window = null }: { scale: number; isCausal?: boolean; window?: number | null },
  ): Tensor {
    const [, queryHeads, , headDim] = q.shape
    const [, kvHeads, , keyDim] = keys.shape
    if (typeof queryHeads !== 'number' || typeof kvHeads !== 'number' || queryHeads % kvHeads !== 0)
      throw new Error(`${this.path}: ${queryHeads} query heads over ${kvHeads} kv heads`)
    if (headDim !== keyDim) throw new Error(`${this.path}: queries of ${headDim} features, keys of ${keyDim}`)
    return this.#record(this.path, { kind: 'attend', scale, isCausal, window }, [q, keys, values], q.shape)
  }

  #join(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  #declare(
    name: string,
    shape: readonly number[],
    role: WeightDeclaration['role'],
    layout: Pick<WeightDeclaration, 'isTransposed'> = {},
  ): string {
    const declared = this.#declarations.weights.get(name)
    if (declared && declared.shape.join() !== shape.join())
      throw new Error(`${name} is used as [${declared.shape}] and as [${shape}]`)
    if (!declared) this.#declarations.weights.set(name, { shape, role, ...layout })
    return name
  }

  #record(path: string, operation: Tensor['node']['operation'], inputs: Tensor[], shape: readonly Dim[]): Tensor {
    return this.#declarations.recorder.value(path, operation, inputs, shape)
  }
}
