import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Box, type Detection, iou } from './boxes.ts'
import { batchedNms } from './nms.ts'

/** Sixty boxes of three classes, crowded; the same formulas gave torchvision its boxes. */
const CROWDED: readonly Detection[] = Array.from({ length: 60 }, (_, i) => {
  const [x, y] = [(i * 37) % 31, (i * 53) % 23]
  return {
    box: [x, y, x + 40 + ((i * 29) % 20), y + 35 + ((i * 31) % 15)],
    score: ((i * 71) % 97) / 97,
    label: i % 3,
  }
})

test.each([
  [0.3, [56, 15, 4, 49, 27, 32]],
  [0.45, [56, 15, 4, 19, 38, 12, 1, 16, 36, 33, 0]],
  [
    0.7,
    [
      ...[56, 15, 30, 45, 4, 19, 34, 49, 8, 23, 38, 12, 27, 1, 16, 46],
      ...[5, 24, 39, 54, 13, 28, 43, 58, 47, 36, 29, 33, 11, 26, 0],
    ],
  ],
])('torchvision 0.14.1 keeps the same boxes in the same order at %d', (threshold, kept) => {
  expect(batchedNms(CROWDED, threshold)).toEqual(kept)
})

test('an overlap of exactly the threshold suppresses nothing, and of equal scores the earlier box stays', () => {
  const heights = [10, 5, 10, 4]
  const stacked = heights.map(
    (height, i): Detection => ({
      box: [0, 0, 10, height],
      score: i === 3 ? 0.9 : 0.5,
      label: 0,
    }),
  )
  // torchvision 0.14.1 gives the same.
  expect(batchedNms(stacked, 0.5)).toEqual([3, 0])
  expect(batchedNms(stacked, 0.39)).toEqual([3])
  const halves: Detection[] = [
    { box: [0, 0, 10, 10], score: 0.9, label: 0 },
    { box: [0, 0, 10, 5], score: 0.8, label: 0 },
  ]
  expect(batchedNms(halves, 0.5)).toEqual([0, 1])
})

test('what stays overlaps no other that stays, and what goes is overlapped by a better one', () => {
  const coordinate = fc.integer({ min: 0, max: 20 })
  const detection = fc.record({
    box: fc
      .tuple(coordinate, coordinate, coordinate, coordinate)
      .map(([x, y, w, h]): Box => [x, y, x + w + 1, y + h + 1]),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    label: fc.nat(1),
  })
  fc.assert(
    fc.property(
      fc.array(detection, { maxLength: 20 }),
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      (all, limit) => {
        const kept = new Set(batchedNms(all, limit))
        for (const [i, one] of all.entries()) {
          const rivals = [...kept].filter(other => {
            const by = all[other]
            return by !== undefined && other !== i && by.label === one.label && iou(by.box, one.box) > limit
          })
          if (kept.has(i)) expect(rivals).toEqual([])
          else expect(rivals.some(other => (all[other]?.score ?? 0) >= one.score)).toBe(true)
        }
      },
    ),
  )
})
