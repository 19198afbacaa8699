/** The key/value cache of a graph, in this process's memory. */
import type { Tensor } from 'onnxruntime-node'
import type { CacheLayout } from '../../protocol/messages.ts'
import { type KvCache, roundUp, type Values } from './kv-cache.ts'
import { RowsCache } from './rows-cache.ts'
import type { Feeds, Fetches, TensorClass } from './runtime.ts'

/** A cache in this process's memory for `batch` rows; a shared one begins with room for `expected` slots. */
export function createHostCache(Tensor: TensorClass, layout: CacheLayout, batch: number, expected: number): KvCache {
  switch (layout.layout) {
    case 'shared':
      return new SharedCache(Tensor, layout, batch, expected)
    case 'rows':
      return new RowsCache(Tensor, layout, batch, expected)
    case 'append':
      return new AppendCache(Tensor, layout, batch)
  }
}

/** Zeros for one tensor of a cache; fp16 as its bits, since copying them needs no arithmetic. */
export function allocate(
  Tensor: TensorClass,
  layout: CacheLayout,
  batch: number,
  slots: number,
): { values: Values; tensor: Tensor } {
  const shape = [batch, layout.heads, slots, layout.headDim]
  const count = batch * layout.heads * slots * layout.headDim
  if (layout.type === 'f32') {
    const values = new Float32Array(count)
    return { values, tensor: new Tensor('float32', values, shape) }
  }
  const values = new Uint16Array(count)
  return { values, tensor: new Tensor('float16', values, shape) }
}

/** One buffer for each tensor, past and present at once: the device writes the new rows into it. */
class SharedCache implements KvCache {
  length = 0
  get slots(): number {
    return this.#capacity
  }
  #capacity: number
  readonly #Tensor: TensorClass
  readonly #batch: number
  readonly #layout: CacheLayout
  #buffers: { values: Values; tensor: Tensor }[]

  constructor(Tensor: TensorClass, layout: CacheLayout, batch: number, expected: number) {
    this.#Tensor = Tensor
    this.#layout = layout
    this.#batch = batch
    this.#capacity = roundUp(expected, layout.step)
    this.#buffers = layout.tensors.map(() => allocate(Tensor, layout, batch, this.#capacity))
  }

  prepare(tokens: number, feeds: Feeds, fetches: Fetches): void {
    if (this.length + tokens > this.#capacity) this.#grow(this.length + tokens)
    this.#layout.tensors.forEach(({ past, present }, index) => {
      const tensor = this.#buffers[index]?.tensor
      if (tensor === undefined) return
      feeds[past] = tensor
      fetches[present] = tensor
    })
  }

  advance(tokens: number): void {
    this.length += tokens
  }

  fits(batch: number, expected: number): boolean {
    return batch === this.#batch && roundUp(expected, this.#layout.step) === this.#capacity
  }

  clear(): void {
    this.length = 0
  }

  dispose(): void {
    this.#buffers = []
  }

  #grow(needed: number): void {
    const { headDim, heads, step } = this.#layout
    const capacity = roundUp(needed, step)
    this.#buffers = this.#buffers.map(({ values: old }) => {
      const grown = allocate(this.#Tensor, this.#layout, this.#batch, capacity)
      for (let row = 0; row < this.#batch * heads; row++) {
        const start = row * this.#capacity * headDim
        grown.values.set(old.subarray(start, start + this.length * headDim), row * capacity * headDim)
      }
      return grown
    })
    this.#capacity = capacity
  }
}

/** The present of one pass is the past of the next. */
class AppendCache implements KvCache {
  length = 0
  get slots(): number {
    return this.length
  }
  readonly #layout: CacheLayout
  readonly #empty: Tensor
  #pasts: Tensor[] = []

  constructor(Tensor: TensorClass, layout: CacheLayout, batch: number) {
    this.#layout = layout
    this.#empty = allocate(Tensor, layout, batch, 0).tensor
  }

  prepare(_tokens: number, feeds: Feeds, fetches: Fetches): void {
    this.#layout.tensors.forEach(({ past, present }, index) => {
      feeds[past] = this.#pasts[index] ?? this.#empty
      fetches[present] = null
    })
  }

  advance(tokens: number, results: Feeds): void {
    this.length += tokens
    this.#pasts = this.#layout.tensors.map(({ present }) => {
      const tensor = results[present]
      if (tensor === undefined) throw new Error(`the model gave no ${present}`)
      return tensor
    })
  }

  fits(batch: number): boolean {
    return batch === this.#empty.dims[0]
  }

  clear(): void {
    this.length = 0
    this.#pasts = []
  }

  dispose(): void {
    this.clear()
  }
}
