import { expect, test } from 'vitest'
import { byShape, pointName, shapeKey, shapeName } from './shape.ts'

const shape = (inputTokens: number, outputTokens: number, prefillChunk: number | null = null) => ({
  inputTokens,
  outputTokens,
  prefillChunk,
})

test('shapes that differ anywhere have different keys', () => {
  const shapes = [shape(1, 11), shape(11, 1), shape(1, 1), shape(1, 1, 1), shape(1, 11, 1), shape(1, 1, 11)]
  expect(new Set(shapes.map(shapeKey)).size).toBe(shapes.length)
})

test('a shape reads as a sentence would have it', () => {
  expect(shapeName(shape(512, 128))).toBe('512 tokens in, 128 out')
  expect(shapeName(shape(512, 128, 64))).toBe('512 tokens in, 128 out, prefill in chunks of 64')
})

test('a point is named by its batch, and by its shape only where there are several', () => {
  const point = { ...shape(8, 4), batch: 2 }
  expect(pointName(point, [shape(8, 4), shape(8, 4)])).toBe('batch 2')
  expect(pointName(point, [shape(8, 4), shape(8, 5)])).toBe('batch 2, 8 tokens in, 4 out')
})

test('points are grouped by shape in the order in which they come', () => {
  const points = [1, 2].flatMap(batch => [shape(8, 4), shape(16, 4)].map(each => ({ ...each, batch })))
  expect(
    byShape(points).map(({ shape: { inputTokens }, points: own }) => [inputTokens, own.map(p => p.batch)]),
  ).toEqual([
    [8, [1, 2]],
    [16, [1, 2]],
  ])
})
