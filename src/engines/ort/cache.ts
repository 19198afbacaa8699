/** The key/value cache of a graph, in this process's memory. */
import type { Tensor } from 'onnxruntime-node'
import type { CacheLayout } from '../../protocol/messages.ts'
import { type Feeds, type Fetches, ort } from './runtime.ts'

export interface KvCache {
  /** Slots in use. */
  readonly length: number
  /** Makes room for `tokens` more, and puts the past into `feeds` and the wanted present into `fetches`. */
  prepare(tokens: number, feeds: Feeds, fetches: Fetches): void
  /** Takes what a pass gave. */
  advance(tokens: number, results: Feeds): void
  /** Whether its memory is what a new cache for as much would have. */
  fits(batch: number, expected: number): boolean
  /** Forgets everything, and keeps the memory: what is left in it is beyond the length, and is not read. */
  clear(): void
  /** Gives the memory back. */
  dispose(): void
}

type Values = Float32Array | Uint16Array

/** A cache in this process's memory for `batch` rows; a shared one begins with room for `expected` slots. */
export function createHostCache(layout: CacheLayout, batch: number, expected: number): KvCache {
  switch (layout.layout) {
    case 'shared':
      return new SharedCache(layout, batch, expected)
    case 'rows':
      return new RowsCache(layout, batch, expected)
    case 'append':
      return new AppendCache(layout, batch)
  }
}

/** Zeros for one tensor of a cache; fp16 as its bits, since copying them needs no arithmetic. */
export function allocate(layout: CacheLayout, batch: number, slots: number): { values: Values; tensor: Tensor } {
  const shape = [batch, layout.heads, slots, layout.headDim]
  const count = batch * layout.heads * slots * layout.headDim
  if (layout.type === 'f32') {
    const values = new Float32Array(count)
    return { values, tensor: new ort.Tensor('float32', values, shape) }
  }
  const values = new Uint16Array(count)
  return { values, tensor: new ort.Tensor('float16', values, shape) }
}

/** One buffer for each tensor, past and present at once: the device writes the new rows into it. */
class SharedCache implements KvCache {
  length = 0
  #capacity: number
  readonly #batch: number
  readonly #layout: CacheLayout
  #buffers: { values: Values; tensor: Tensor }[]

  constructor(layout: CacheLayout, batch: number, expected: number) {
    this.#layout = layout
    this.#batch = batch
    this.#capacity = roundUp(expected, layout.step)
    this.#buffers = layout.tensors.map(() => allocate(layout, batch, this.#capacity))
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
      const grown = allocate(this.#layout, this.#batch, capacity)
      for (let row = 0; row < this.#batch * heads; row++) {
        const start = row * this.#capacity * headDim
        grown.values.set(old.subarray(start, start + this.length * headDim), row * capacity * headDim)
      }
      return grown
    })
    this.#capacity = capacity
  }
}

/** Rows of zeros before the first token of a cache of rows. */
const HIDDEN_ROWS = 1

/** One buffer for each tensor, [slots, batch, heads, headDim]: its filled part is the past, and new rows go to its end. The first row is zeros. */
class RowsCache implements KvCache {
  length = 0
  #capacity: number
  readonly #batch: number
  readonly #layout: CacheLayout
  readonly #rowSize: number
  #buffers: Values[]

  constructor(layout: CacheLayout, batch: number, expected: number) {
    this.#layout = layout
    this.#batch = batch
    this.#rowSize = batch * layout.heads * layout.headDim
    this.#capacity = roundUp(HIDDEN_ROWS + expected, layout.step)
    this.#buffers = layout.tensors.map(() => zeros(layout, this.#capacity * this.#rowSize))
  }

  prepare(_tokens: number, feeds: Feeds, fetches: Fetches): void {
    const { heads, headDim, tensors } = this.#layout
    const rows = HIDDEN_ROWS + this.length
    const shape = [rows, this.#batch, heads, headDim]
    tensors.forEach(({ past, present }, index) => {
      const filled = this.#buffers[index]?.subarray(0, rows * this.#rowSize)
      if (filled === undefined) return
      feeds[past] =
        filled instanceof Float32Array
          ? new ort.Tensor('float32', filled, shape)
          : new ort.Tensor('float16', filled, shape)
      fetches[present] = null
    })
  }

  advance(tokens: number, results: Feeds): void {
    const filled = HIDDEN_ROWS + this.length
    if (filled + tokens > this.#capacity) this.#grow(filled + tokens)
    const start = filled * this.#rowSize
    this.#layout.tensors.forEach(({ present }, index) => {
      const rows = results[present]?.data
      if (!(rows instanceof Float32Array || rows instanceof Uint16Array) || rows.length !== tokens * this.#rowSize)
        throw new Error(`the model gave no ${tokens} new rows of ${present}`)
      this.#buffers[index]?.set(rows, start)
    })
    this.length += tokens
  }

  fits(batch: number, expected: number): boolean {
    return batch === this.#batch && roundUp(HIDDEN_ROWS + expected, this.#layout.step) === this.#capacity
  }

  clear(): void {
    this.length = 0
  }

  dispose(): void {
    this.#buffers = []
  }

  #grow(needed: number): void {
    this.#capacity = roundUp(needed, this.#layout.step)
    this.#buffers = this.#buffers.map(old => {
      const grown = zeros(this.#layout, this.#capacity * this.#rowSize)
      grown.set(old.subarray(0, (HIDDEN_ROWS + this.length) * this.#rowSize))
      return grown
    })
  }
}

function zeros({ type }: CacheLayout, count: number): Values {
  return type === 'f32' ? new Float32Array(count) : new Uint16Array(count)
}

/** The present of one pass is the past of the next. */
class AppendCache implements KvCache {
  length = 0
  readonly #layout: CacheLayout
  readonly #empty: Tensor
  #pasts: Tensor[] = []

  constructor(layout: CacheLayout, batch: number) {
    this.#layout = layout
    this.#empty = allocate(layout, batch, 0).tensor
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

export function roundUp(slots: number, step: number): number {
  return Math.max(1, Math.ceil(slots / step)) * step
}
