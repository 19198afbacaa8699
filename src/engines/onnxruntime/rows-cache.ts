/** A key/value cache that the loop itself writes, for graphs that give back only new rows. */
import type { Tensor } from 'onnxruntime-node'
import type { CacheLayout } from '../../protocol/messages.ts'
import { type KvCache, roundUp, type Values } from './kv-cache.ts'
import { type Feeds, type Fetches, free, type TensorClass } from './runtime.ts'

/** FusedMatMul of onnxruntime 1.30 divides by zero (SIGFPE) where a past is empty. */
const LEAST_SLOTS = 1

/**
 * One buffer for each tensor, [batch, heads, 1, slots, headDim], into which this loop writes the new rows of every pass. Slots
 * that are not in use hold zeros. It begins small, whatever its memory, so that the beginning of a prompt looks at few empty slots.
 */
export class RowsCache implements KvCache {
  length = 0
  slots = LEAST_SLOTS
  readonly #Tensor: TensorClass
  readonly #batch: number
  readonly #layout: CacheLayout
  /** Heads of all rows. */
  readonly #heads: number
  #memory: Values[]
  #pasts: Tensor[]

  constructor(Tensor: TensorClass, layout: CacheLayout, batch: number, expected: number) {
    this.#Tensor = Tensor
    this.#layout = layout
    this.#batch = batch
    this.#heads = batch * layout.heads
    this.#memory = layout.tensors.map(() => this.#zeros(roundUp(expected, layout.step)))
    this.#pasts = this.#views()
  }

  prepare(_tokens: number, feeds: Feeds, fetches: Fetches): void {
    this.#layout.tensors.forEach(({ past, present }, index) => {
      const tensor = this.#pasts[index]
      if (tensor === undefined) return
      feeds[past] = tensor
      fetches[present] = null
    })
  }

  advance(tokens: number, results: Feeds): void {
    const { headDim, tensors } = this.#layout
    if (this.length + tokens > this.slots) this.#grow(roundUp(this.length + tokens, this.#layout.step))
    const present = tensors[0]?.present ?? ''
    const rows = results[present]?.data
    const isWhole = rows?.length === tokens * this.#heads * headDim * tensors.length
    if (!(rows instanceof Float32Array || rows instanceof Uint16Array) || !isWhole)
      throw new Error(`${present} does not hold ${tokens} new rows for each cache`)
    this.#memory.forEach((memory, index) => {
      this.#write(memory, rows, index, tokens)
    })
    free(rows)
    this.length += tokens
  }

  fits(batch: number, expected: number): boolean {
    return batch === this.#batch && this.#memory[0]?.length === this.#size(roundUp(expected, this.#layout.step))
  }

  clear(): void {
    this.length = 0
    this.slots = LEAST_SLOTS
    for (const memory of this.#memory) memory.fill(0, 0, this.#size(this.slots))
    this.#pasts = this.#views()
  }

  dispose(): void {
    this.#memory = []
    this.#pasts = []
  }

  /** One tensor's part of rows [tokens, batch, tensors, heads, headDim] to its next slots; by elements, since the pieces are short. */
  #write(memory: Values, rows: Values, index: number, tokens: number): void {
    const { headDim, heads, tensors } = this.#layout
    const stride = this.slots * headDim
    for (let token = 0; token < tokens; token++)
      for (let row = 0; row < this.#batch; row++) {
        let from = ((token * this.#batch + row) * tensors.length + index) * heads * headDim
        for (let head = row * heads; head < (row + 1) * heads; head++) {
          const start = head * stride + (this.length + token) * headDim
          for (let feature = 0; feature < headDim; feature++) memory[start + feature] = rows[from++] ?? 0
        }
      }
  }

  /** More slots for every head, within the same memory where they fit: the last head moves first, since it moves farthest. */
  #grow(slots: number): void {
    const { headDim } = this.#layout
    const [before, after] = [this.slots * headDim, slots * headDim]
    const filled = this.length * headDim
    this.#memory = this.#memory.map(old => {
      const target = old.length >= this.#size(slots) ? old : this.#zeros(slots)
      for (let head = this.#heads - 1; head >= 0; head--) {
        target.set(old.subarray(head * before, head * before + filled), head * after)
        target.fill(0, head * after + filled, (head + 1) * after)
      }
      return target
    })
    this.slots = slots
    this.#pasts = this.#views()
  }

  #views(): Tensor[] {
    const { heads, headDim } = this.#layout
    const shape = [this.#batch, heads, 1, this.slots, headDim]
    return this.#memory.map(memory => {
      const past = memory.subarray(0, this.#size(this.slots))
      return past instanceof Float32Array
        ? new this.#Tensor('float32', past, shape)
        : new this.#Tensor('float16', past, shape)
    })
  }

  #size(slots: number): number {
    return this.#heads * slots * this.#layout.headDim
  }

  #zeros(slots: number): Values {
    return this.#layout.type === 'f32' ? new Float32Array(this.#size(slots)) : new Uint16Array(this.#size(slots))
  }
}
