import type { Recorder, Tensor } from './tensor.ts'

/** Keys and values of every position so far, [batch, heads, total, headDim] each. */
export interface KeysValues {
  readonly keys: Tensor
  readonly values: Tensor
}

/** The key/value cache of one layer. How it is stored, fed and returned is up to lowering. */
export class LayerCache {
  readonly #recorder: Recorder
  readonly #layer: number
  /** The position of each token, int [batch, tokens]. */
  readonly positions: Tensor

  constructor(recorder: Recorder, layer: number, positions: Tensor) {
    this.#recorder = recorder
    this.#layer = layer
    this.positions = positions
  }

  /** Appends the new positions' keys and values, [batch, heads, tokens, headDim] each, and gives all of them. */
  extend(k: Tensor, v: Tensor): KeysValues {
    const [batch, heads, , headDim] = k.shape
    if (batch === undefined || heads === undefined || headDim === undefined || k.shape.join() !== v.shape.join())
      throw new Error(
        `${k.node.path}: keys [${k.shape}] and values [${v.shape}] are not [batch, heads, tokens, headDim]`,
      )
    const all = [batch, heads, 'total', headDim]
    const [keys, values] = this.#recorder.record(k.node.path, { kind: 'cache', layer: this.#layer }, [k, v], [all, all])
    if (!keys || !values) throw new Error('the cache gave no keys and values')
    return { keys, values }
  }
}
