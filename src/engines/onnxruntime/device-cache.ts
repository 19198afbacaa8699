/** The key/value cache of a graph, in the device's own memory: it never visits the host. */
import type { Tensor } from 'onnxruntime-node'
import type { CacheLayout } from '../../protocol/messages.ts'
import { allocate } from './cache.ts'
import { type KvCache, roundUp } from './kv-cache.ts'
import type { Feeds, Fetches, TensorClass } from './runtime.ts'

/**
 * Needs a session that was told to leave the present on the device (`preferredOutputLocation`). The first past is an empty one
 * from the host. A shared buffer does not grow in steps here: it has room for the whole generation from its beginning, and where
 * that was not enough, `GroupQueryAttention` itself makes the present longer than the past.
 */
export class DeviceCache implements KvCache {
  length = 0
  get slots(): number {
    return this.#layout.layout === 'shared' ? this.#capacity : this.length
  }
  readonly #layout: CacheLayout
  readonly #batch: number
  readonly #capacity: number
  #first: Tensor | null
  #held: Tensor[] = []

  constructor(Tensor: TensorClass, layout: CacheLayout, batch: number, expected: number) {
    this.#layout = layout
    this.#batch = batch
    this.#capacity = capacityOf(layout, expected)
    this.#first = allocate(Tensor, layout, batch, this.#capacity).tensor
  }

  prepare(tokens: number, feeds: Feeds, fetches: Fetches): void {
    const isInPlace = this.#layout.layout === 'shared' && this.length + tokens <= this.#capacity
    this.#layout.tensors.forEach(({ past, present }, index) => {
      const held = this.#held[index]
      const tensor = held ?? this.#first
      if (tensor === null) throw new Error('a cache that was disposed of')
      feeds[past] = tensor
      fetches[present] = isInPlace && held !== undefined ? held : null
    })
  }

  advance(tokens: number, results: Feeds): void {
    this.length += tokens
    const given = this.#layout.tensors.map(({ present }) => {
      const tensor = results[present]
      if (tensor === undefined) throw new Error(`the model gave no ${present}`)
      return tensor
    })
    this.#held.forEach((tensor, index) => {
      if (tensor !== given[index]) tensor.dispose()
    })
    this.#held = given
  }

  fits(batch: number, expected: number): boolean {
    return (
      batch === this.#batch && capacityOf(this.#layout, expected) === this.#capacity && this.length <= this.#capacity
    )
  }

  clear(): void {
    this.length = 0
    if (this.#layout.layout === 'append') this.#release()
  }

  dispose(): void {
    this.#release()
    this.#first = null
  }

  #release(): void {
    for (const tensor of this.#held) tensor.dispose()
    this.#held = []
  }
}

function capacityOf(layout: CacheLayout, expected: number): number {
  return layout.layout === 'shared' ? roundUp(expected, layout.step) : 0
}
