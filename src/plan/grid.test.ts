import { describe, expect, test } from 'vitest'
import { doubled, gridOf, LARGEST_BATCH } from './grid.ts'

describe('the grid of a plan', () => {
  test('is one shape where nothing is a list', () => {
    expect(gridOf({ batch: 4, inputTokens: 512, outputTokens: 128 })).toEqual({
      shapes: [{ inputTokens: 512, outputTokens: 128, prefillChunk: null }],
      batches: [4],
      isToMemory: false,
    })
  })

  test('is the product of its lists, the inputs outermost', () => {
    const { shapes, batches } = gridOf({
      batch: [1, 8],
      inputTokens: [128, 512],
      outputTokens: [32, 64],
      prefillChunk: [16, 256],
    })
    expect(
      shapes.map(({ inputTokens, outputTokens, prefillChunk }) => [inputTokens, outputTokens, prefillChunk]),
    ).toEqual([
      [128, 32, 16],
      [128, 32, 256],
      [128, 64, 16],
      [128, 64, 256],
      [512, 32, 16],
      [512, 32, 256],
      [512, 64, 16],
      [512, 64, 256],
    ])
    expect(batches).toEqual([1, 8])
  })

  test.each([
    ['max', [1]],
    [['max'], [1]],
    [
      [2, 6, 'max'],
      [2, 6],
    ],
  ] as const)('whose batch is %j begins with %j and goes to the memory’s limit', (batch, batches) => {
    expect(gridOf({ batch, inputTokens: 8, outputTokens: 4 })).toMatchObject({ batches, isToMemory: true })
  })
})

test('a batch doubles as far as a plan may ask', () => {
  expect(doubled(6)).toBe(12)
  expect(doubled(LARGEST_BATCH / 2)).toBe(LARGEST_BATCH)
  expect(doubled(LARGEST_BATCH / 2 + 1)).toBeNull()
})
