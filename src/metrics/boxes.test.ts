import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchBoxes } from './box-matching.ts'
import { type Box, boxArea, coordinateDifference, type Detection, iou } from './boxes.ts'

const found = (box: Box, score = 0.9, label = 1): Detection => ({ box, score, label })

test('the overlap of boxes has its closed forms', () => {
  expect(boxArea([1, 2, 4, 7])).toBe(15)
  expect(iou([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1)
  expect(iou([0, 0, 10, 10], [5, 0, 15, 10])).toBe(1 / 3)
  expect(iou([0, 0, 10, 10], [2, 2, 8, 8])).toBe(0.36)
  expect(iou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0)
  expect(iou([0, 0, 10, 10], [20, 20, 30, 30])).toBe(0)
  expect(iou([5, 5, 1, 1], [0, 0, 10, 10])).toBe(0)
  expect(coordinateDifference([0, 0, 10, 10], [1, -2, 10, 7])).toBe(3)
})

test('overlap is symmetric, between 0 and 1, and the same where both boxes move or grow alike', () => {
  const size = fc.integer({ min: 1, max: 64 })
  const box = fc.tuple(size, size, size, size).map(([x, y, w, h]): Box => [x, y, x + w, y + h])
  fc.assert(
    fc.property(box, box, size, (a, b, by) => {
      const value = iou(a, b)
      expect(value).toBe(iou(b, a))
      expect(value).toBeGreaterThanOrEqual(0)
      expect(value).toBeLessThanOrEqual(1)
      const moved = ([x1, y1, x2, y2]: Box): Box => [x1 + by, y1 + by, x2 + by, y2 + by]
      const grown = ([x1, y1, x2, y2]: Box): Box => [by * x1, by * y1, by * x2, by * y2]
      expect(iou(moved(a), moved(b))).toBe(value)
      expect(iou(grown(a), grown(b))).toBe(value)
    }),
  )
})

test('boxes are matched in whatever order they come', () => {
  const boxes = [found([0, 0, 10, 10]), found([50, 0, 60, 10]), found([0, 50, 10, 60], 0.4, 2)]
  const matches = matchBoxes(boxes, boxes.toReversed())
  expect(matches.pairs.map(({ reference, device, iou }) => [reference, device, iou])).toEqual([
    [0, 2, 1],
    [1, 1, 1],
    [2, 0, 1],
  ])
  expect([matches.unmatchedReference, matches.unmatchedDevice]).toEqual([[], []])
})

test('the best total of overlaps is chosen, where the best pair alone would leave a box out', () => {
  // Device box 0 lies best on reference box 0 (0.82), but then nothing is left for reference box 1.
  const reference = [found([0, 0, 100, 10]), found([30, 0, 130, 10])]
  const device = [found([10, 0, 110, 10]), found([-25, 0, 75, 10])]
  expect(matchBoxes(reference, device).pairs).toMatchObject([
    { reference: 0, device: 1 },
    { reference: 1, device: 0 },
  ])
})

test('another class, and an overlap of less than a half, match nothing', () => {
  const box = found([0, 0, 10, 10])
  expect(matchBoxes([box], [found([0, 0, 10, 10], 0.9, 2)])).toEqual({
    pairs: [],
    unmatchedReference: [0],
    unmatchedDevice: [0],
  })
  expect(matchBoxes([box], [found([0, 0, 10, 4.99])]).pairs).toEqual([])
  expect(matchBoxes([box], [found([0, 0, 10, 5])]).pairs).toHaveLength(1)
})

test('of boxes that lie on each other the one with the nearer score is taken', () => {
  const pair = (first: number, second: number) => [found([0, 0, 10, 10], first), found([0, 0, 10, 10], second)]
  expect(matchBoxes(pair(0.9, 0.5), pair(0.5, 0.9)).pairs).toMatchObject([
    { reference: 0, device: 1 },
    { reference: 1, device: 0 },
  ])
})

test('a box without area matches itself', () => {
  const flat = [found([3, 3, 3, 9])]
  expect(matchBoxes(flat, flat).pairs).toHaveLength(1)
})

test('each box has one partner at most', () => {
  const box = found([0, 0, 10, 10])
  expect(matchBoxes([box], [box, box])).toMatchObject({ pairs: [{ reference: 0, device: 0 }], unmatchedDevice: [1] })
  expect(matchBoxes([box, box], [box])).toMatchObject({ pairs: [{ device: 0 }], unmatchedReference: [1] })
})
