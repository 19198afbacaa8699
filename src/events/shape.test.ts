import { expect, test } from 'vitest'
import { byShape, pointName, Shape, shapeKey, shapeName } from './shape.ts'

const shape = (inputTokens: number, outputTokens: number, prefillChunk?: number): Shape => ({
  inputTokens,
  outputTokens,
  ...(prefillChunk === undefined ? {} : { prefillChunk }),
})

test('shapes that differ anywhere have different keys', () => {
  const shapes = [shape(1, 11), shape(11, 1), shape(1, 1), shape(1, 1, 1), shape(1, 11, 1), shape(1, 1, 11)]
  expect(new Set(shapes.map(shapeKey)).size).toBe(shapes.length)
  expect(shapeKey({ height: 1, width: 2 })).toBe(shapeKey({ width: 2, height: 1 }))
})

test('an axis that stood as null in a log of before, since the engine chose, is absent', () => {
  expect(Shape.parse({ inputTokens: 8, outputTokens: 4, prefillChunk: null })).toEqual(shape(8, 4))
})

test('a shape reads as a sentence would have it', () => {
  expect(shapeName('generation', shape(512, 128))).toBe('512 tokens in, 128 out')
  expect(shapeName('generation', shape(512, 128, 64))).toBe('512 tokens in, 128 out, prefill in chunks of 64')
  expect(shapeName('inference', { height: 224, width: 160 })).toBe('224 × 160 px')
  expect(shapeName('of tomorrow', { seconds: 30 })).toBe('seconds 30')
})

test('a point is named by its batch, and by its shape only where there are several', () => {
  const point = { shape: shape(8, 4), batch: 2 }
  const beside = (...shapes: Shape[]) => shapes.map(each => ({ shape: each }))
  expect(pointName('generation', point, beside(shape(8, 4), shape(8, 4)))).toBe('batch 2')
  expect(pointName('generation', point, beside(shape(8, 4), shape(8, 5)))).toBe('batch 2, 8 tokens in, 4 out')
})

test('points are grouped by shape in the order in which they come', () => {
  const points = [1, 2].flatMap(batch => [shape(8, 4), shape(16, 4)].map(each => ({ shape: each, batch })))
  expect(byShape(points).map(({ shape, points: own }) => [shape['inputTokens'], own.map(p => p.batch)])).toEqual([
    [8, [1, 2]],
    [16, [1, 2]],
  ])
})
