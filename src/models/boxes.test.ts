import { expect, test } from 'vitest'
import { type Build, compute } from '../../tests/small-graph.ts'
import type { TensorData } from '../tensor.ts'
import { tensorOf } from '../tensor.ts'
import { moveBoxes } from './boxes.ts'

const IMAGE = { height: 100, width: 200 }
const boxes = (...values: number[]): TensorData => tensorOf([values.length / 4, 4], Float32Array.from(values))

async function moved(box: TensorData, offsets: TensorData): Promise<number[]> {
  const build: Build = (_, s) => ({
    moved: moveBoxes(s.in('at'), s.constant('box', box, 'exact'), s.constant('offsets', offsets, 'exact'), IMAGE),
  })
  return (await compute(build, [1, 1], new Float32Array(3)))['moved']?.values ?? []
}

test('a box moves by shares of its own width and height, and grows by powers of e', async () => {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = await moved(
    boxes(20, 40, 30, 60),
    boxes(0.5, -0.25, Math.log(2), Math.log(0.5)),
  )
  expect([x1, y1, x2, y2].map(side => Math.round(side * 1e3) / 1e3)).toEqual([20, 40, 40, 50])
})

test('what lies outside of the image is cut off', async () => {
  expect(await moved(boxes(-5, 90, 10, 120, 190, -9, 230, 8), boxes(0, 0, 0, 0, 0, 0, 0, 0))).toEqual([
    0, 90, 10, 100, 190, 0, 200, 8,
  ])
})

test('no box grows by more than a thousand sixteenths', async () => {
  const [left = 0, , right = 0] = await moved(boxes(99, 49, 101, 51), boxes(0, 0, 9, 0))
  expect(right - left).toBeCloseTo((2 * 1000) / 16, 3)
})
