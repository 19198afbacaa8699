import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryOf, misfit } from '../memory.ts'
import { type MemoryCost, neededBytes } from './memory-need.ts'
import type { GenerationPoint, TimedGeneration } from './timed.ts'

const COST: MemoryCost = { loadedBytes: 1e6, slotBytes: 1000, logitsBytes: 200, widestFeatures: 200 }

function point(batch: number, prefillChunk: number | null = null): GenerationPoint {
  return { batch, inputTokens: 90, outputTokens: 11, prefillChunk }
}

function timedAt(batch: number, peakMemoryBytes: number | null): TimedGeneration {
  const shape = point(batch)
  return { kind: 'timed', point: shape, prompts: [], samples: [], tokens: [], peakMemoryBytes, prefillPassTokens: null }
}

describe('what a point needs at least', () => {
  test('is the loaded model, the cache of all tokens but the last, the logits, and the widest product of one pass', () => {
    expect(neededBytes(COST, point(3), [])).toBe(1e6 + 3 * 100 * 1000 + 3 * 50 * 4 + 3 * 200 * 4)
    expect(neededBytes(COST, point(3, 16), [])).toBe(1e6 + 3 * 100 * 1000 + 3 * 50 * 4 + 3 * 16 * 200 * 4)
    expect(neededBytes(COST, point(3, 500), [])).toBe(neededBytes(COST, point(3, 90), []))
  })

  test('is what a smaller batch was seen to take, and what the sizes add', () => {
    const growth = neededBytes(COST, point(8), []) - neededBytes(COST, point(4), [])
    const before = [timedAt(1, 2e6), timedAt(4, 3e6), timedAt(2, 9e9)]
    expect(neededBytes(COST, point(8), before)).toBe(3e6 + growth)
  })

  test('is never less than by the sizes, though a worker says less or nothing', () => {
    const least = neededBytes(COST, point(8), [])
    expect(neededBytes(COST, point(8), [timedAt(4, 10)])).toBe(least)
    expect(neededBytes(COST, point(8), [timedAt(4, null)])).toBe(least)
    expect(neededBytes(COST, point(8), [timedAt(16, 9e9)])).toBe(least) // a larger batch says nothing of a smaller one
  })

  test('grows with the batch', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
    fc.assert(
      fc.property(sizes, ([batch, more]) => {
        expect(neededBytes(COST, point(batch + more), [])).toBeGreaterThan(neededBytes(COST, point(batch), []))
      }),
    )
  })
})

describe('a point fits', () => {
  const room = (neededBytes: number | null) => ({ neededBytes, availableBytes: 2 ** 30 })

  test('where it needs no more than there is, or nobody knows', () => {
    expect(misfit(room(2 ** 30), { bytes: 2 ** 30, of: 'the device' })).toBeNull()
    expect(misfit(room(null), { bytes: 2 ** 30, of: 'the device' })).toBeNull()
    expect(misfit({ neededBytes: 2 ** 40, availableBytes: null }, null)).toBeNull()
  })

  test('else the reason has both figures, and whose limit it is', () => {
    expect(misfit(room(2 ** 31), { bytes: 2 ** 30, of: 'the device' })).toBe(
      'does not fit: it needs 2.00 GiB at least, and the device has 1.00 GiB',
    )
    expect(misfit(room(2 ** 30 + 1), { bytes: 2 ** 30, of: 'the worker' })).toMatch(/and the worker may hold 1.00 GiB$/)
  })
})

test('the memory is the device’s or the worker’s limit, whichever is less', () => {
  expect(memoryOf(100, undefined)).toEqual({ bytes: 100, of: 'the device' })
  expect(memoryOf(100, 40)).toEqual({ bytes: 40, of: 'the worker' })
  expect(memoryOf(100, 400)).toEqual({ bytes: 100, of: 'the device' })
  expect(memoryOf(null, 40)).toEqual({ bytes: 40, of: 'the worker' })
  expect(memoryOf(null, undefined)).toBeNull()
})
