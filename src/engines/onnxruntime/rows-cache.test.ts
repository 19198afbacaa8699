import * as fc from 'fast-check'
import { Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import type { CacheLayout } from '../../protocol/messages.ts'
import { RowsCache } from './rows-cache.ts'
import type { Feeds, Fetches } from './runtime.ts'

const STEP = 4

const layoutOf = (heads: number, headDim: number): CacheLayout => ({
  layout: 'rows',
  type: 'f32',
  heads,
  headDim,
  step: STEP,
  tensors: ['key', 'value', 'key2'].map(name => ({ past: `past.${name}`, present: 'present' })),
})

/** New rows [tokens, batch, tensors * heads * headDim]; each value tells its place. */
function present(
  { tensors, heads, headDim }: CacheLayout,
  batch: number,
  tokens: number,
  value: (at: number[]) => number,
) {
  const width = tensors.length * heads * headDim
  const values = Float32Array.from({ length: tokens * batch * width }, (_, i) => {
    const feature = i % headDim
    const head = Math.floor(i / headDim) % heads
    const tensor = Math.floor(i / (headDim * heads)) % tensors.length
    const row = Math.floor(i / width) % batch
    return value([tensor, row, head, Math.floor(i / (width * batch)), feature])
  })
  return { present: new Tensor('float32', values, [tokens, batch, width]) }
}

const place = ([tensor = 0, row = 0, head = 0, slot = 0, feature = 0]: number[]) =>
  1 + feature + 10 * head + 100 * row + 1000 * tensor + 10_000 * slot

/** What the cache feeds, by tensor, as [batch, heads, 1, slots, headDim]. */
function fed(cache: RowsCache, layout: CacheLayout): { dims: readonly number[]; values: number[] }[] {
  const [feeds, fetches]: [Feeds, Fetches] = [{}, {}]
  cache.prepare(1, feeds, fetches)
  expect(Object.keys(fetches)).toEqual(['present'])
  return layout.tensors.map(({ past }) => ({
    dims: feeds[past]?.dims ?? [],
    values: [...((feeds[past]?.data ?? []) as Float32Array)],
  }))
}

function expectRows(cache: RowsCache, layout: CacheLayout, batch: number, length: number): void {
  expect(cache.length).toBe(length)
  expect(cache.slots).toBeGreaterThanOrEqual(Math.max(1, length))
  for (const [tensor, { dims, values }] of fed(cache, layout).entries()) {
    expect(dims).toEqual([batch, layout.heads, 1, cache.slots, layout.headDim])
    const wanted: number[] = []
    for (let row = 0; row < batch; row++)
      for (let head = 0; head < layout.heads; head++)
        for (let slot = 0; slot < cache.slots; slot++)
          for (let feature = 0; feature < layout.headDim; feature++)
            wanted.push(slot < length ? place([tensor, row, head, slot, feature]) : 0)
    expect(values).toEqual(wanted)
  }
}

const size = fc.integer({ min: 1, max: 3 })
const passes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })

test('holds every row at its slot and zeros elsewhere, however it grew, and again after it was cleared', () => {
  fc.assert(
    fc.property(size, size, size, fc.nat(20), passes, passes, (batch, heads, headDim, expected, first, second) => {
      const layout = layoutOf(heads, headDim)
      const cache = new RowsCache(Tensor, layout, batch, expected)
      expectRows(cache, layout, batch, 0)
      // What a broken run left behind must not reach the next one: 0 times NaN is NaN.
      for (const tokens of first)
        cache.advance(
          tokens,
          present(layout, batch, tokens, () => Number.NaN),
        )
      cache.clear()
      expectRows(cache, layout, batch, 0)
      let length = 0
      for (const tokens of second) {
        const start = length
        cache.advance(
          tokens,
          present(layout, batch, tokens, ([tensor = 0, row = 0, head = 0, token = 0, feature = 0]) =>
            place([tensor, row, head, start + token, feature]),
          ),
        )
        length += tokens
        expectRows(cache, layout, batch, length)
      }
    }),
  )
})

test('begins with one slot and grows in steps', () => {
  const layout = layoutOf(2, 2)
  const cache = new RowsCache(Tensor, layout, 1, 20)
  const slots = [cache.slots]
  for (const tokens of [3, 1, 1]) {
    cache.advance(tokens, present(layout, 1, tokens, place))
    slots.push(cache.slots)
  }
  expect(slots).toEqual([1, STEP, STEP, 2 * STEP])
  expect(cache.fits(1, 20)).toBe(true)
  expect(cache.fits(1, 21)).toBe(false)
  expect(cache.fits(2, 20)).toBe(false)
})

test('refuses a present of another size, and none at all', () => {
  const layout = layoutOf(2, 2)
  const cache = new RowsCache(Tensor, layout, 1, 4)
  expect(() => cache.advance(2, present(layout, 1, 1, place))).toThrow('present does not hold 2 new rows')
  expect(() => cache.advance(1, {})).toThrow('present does not hold 1 new rows')
})
