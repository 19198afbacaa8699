import { expect, test } from 'vitest'
import { type Build, CHANNELS, compute } from '../../tests/small-graph.ts'
import {
  exactly,
  exp,
  indicesWhere,
  nonMaxSuppression,
  roiAlign,
  rowsAt,
  type Suppression,
  type Tensor,
  topK,
} from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'

/** The first channel of one row as a vector [width]. */
const vector = (x: Tensor) => x.slice(1, 0, 1).rearrange('b c h w -> (b c h w)')
const row = (...values: number[]) => Float32Array.from({ length: CHANNELS * values.length }, (_, at) => values[at] ?? 0)

test('topK gives the places of the largest, the largest first, and the lower place of two that are equal', async () => {
  const { best } = await compute(x => ({ best: topK(vector(x), 4, 'k') }), [1, 6], row(3, 9, -1, 9, 7, 0))
  expect(best).toEqual({ shape: [4], values: [1, 3, 4, 0] })
})

test('indicesWhere takes its lower bound in and leaves its upper bound out; topK gives all where there are fewer', async () => {
  const build: Build = x => {
    const found = indicesWhere(vector(x), { from: 1, below: 4 }, 'found')
    return {
      found,
      best: topK(rowsAt(vector(x), found), 10, 'best'),
      none: indicesWhere(vector(x), { from: 9 }, 'none'),
    }
  }
  const { found, best, none } = await compute(build, [1, 6], row(1, 4, 3.5, 0.5, 2, -7))
  expect(found).toEqual({ shape: [3], values: [0, 2, 4] })
  expect(best?.values).toEqual([1, 2, 0])
  expect(none?.shape).toEqual([0])
})

test('rowsAt takes rows, or with two indices rows of rows', async () => {
  const values = Float32Array.from({ length: CHANNELS * 2 * 2 }, (_, at) => at) // [3, 2, 2]
  const build: Build = (x, s) => {
    const at = (name: string, ...places: number[]) =>
      s.constant(name, tensorOf([places.length], BigInt64Array.from(places, BigInt)))
    const cube = x.rearrange('b c h w -> (b c) h w')
    return { rows: rowsAt(cube, at('a', 2, 0)), cells: rowsAt(cube, at('b', 2, 0, 2), at('c', 1, 0, 0)) }
  }
  const { rows, cells } = await compute(build, [2, 2], values)
  expect(rows).toEqual({ shape: [2, 2, 2], values: [8, 9, 10, 11, 0, 1, 2, 3] })
  expect(cells).toEqual({ shape: [3, 2], values: [10, 11, 0, 1, 8, 9] })
})

type Box = readonly [number, number, number, number]
function overlap(a: Box, b: Box): number {
  const area = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1)
  const sides = [Math.min(a[2], b[2]) - Math.max(a[0], b[0]), Math.min(a[3], b[3]) - Math.max(a[1], b[1])] as const
  const shared = Math.max(0, sides[0]) * Math.max(0, sides[1])
  return shared / (area(a) + area(b) - shared)
}

/** The definition: the best box stays, and whatever overlaps it too much goes. */
function suppress(boxes: readonly Box[], scores: readonly number[], { iou, score, leastSide, most }: Suppression) {
  const open = boxes.flatMap(([x1, y1, x2, y2], at) =>
    (scores[at] ?? 0) > (score ?? -Infinity) && Math.min(x2 - x1, y2 - y1) >= leastSide ? [at] : [],
  )
  open.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  const kept: number[] = []
  for (const at of open) {
    const box = boxes[at] ?? [0, 0, 0, 0]
    if (kept.every(other => overlap(boxes[other] ?? box, box) <= iou)) kept.push(at)
  }
  return kept.slice(0, most)
}

test.each([
  { iou: 0.5, score: 0.3, leastSide: 4, most: 100 },
  { iou: 0.7, score: null, leastSide: 0, most: 6 },
])('suppression in two groups keeps what its definition keeps, in its order: %o', async suppression => {
  // Halton's points: spread evenly, and no two alike.
  const halton = (at: number, base: number) => {
    let [value, share] = [0, 1 / base]
    for (let rest = at; rest > 0; rest = Math.floor(rest / base), share /= base) value += (rest % base) * share
    return value
  }
  const count = 60
  const boxes = Array.from({ length: 2 * count }, (_, at): Box => {
    const [x, y] = [20 * halton(at + 1, 2), 20 * halton(at + 1, 3)]
    return [x, y, x + 20 * halton(at + 1, 5), y + 20 * halton(at + 1, 7)]
  })
  const scores = boxes.map((_, at) => halton(at + 1, 11))
  const values = new Float32Array(CHANNELS * count * 4)
  values.set(boxes.flat())
  for (const [at, score] of scores.entries()) values[2 * count * 4 + at] = score
  const build: Build = x => {
    const [first, second] = x.split([2, 1], 1)
    if (!first || !second) throw new Error('no halves')
    const own = second
      .rearrange('b c n k -> (b c n k)')
      .slice(0, 0, 2 * count)
      .rearrange('(g n) -> g n', { g: 2 })
    return { ...nonMaxSuppression(first.rearrange('b c n k -> (b c) n k'), own, suppression, 'kept') }
  }
  const { groups, rows } = await compute(build, [count, 4], values)
  const expected = [0, 1].flatMap(group => {
    const part = <T>(all: readonly T[]) => all.slice(group * count, (group + 1) * count)
    return suppress(part(boxes), part(scores), suppression).map(at => [group, at])
  })
  expect(expected.length).toBeGreaterThan(10)
  expect(rows?.values.map((at, index) => [groups?.values[index], at])).toEqual(expected)
})

test('RoIAlign of a plane gives the plane at the middle of each part of a box, since its points lie evenly about it', async () => {
  const [height, width] = [12, 16]
  const plane = (x: number, y: number) => 3 * x - 2 * y + 1
  const values = Float32Array.from({ length: CHANNELS * height * width }, (_, at) =>
    plane(at % width, Math.floor(at / width) % height),
  )
  const box = [4, 6, 20, 18] // in px of the input, of which a pixel here has two by two
  const build: Build = (x, s) => ({
    pooled: roiAlign(x, s.constant('box', tensorOf([1, 4], Float32Array.from(box)), 'exact'), {
      size: 2,
      scale: 0.5,
      samples: 2,
    }),
  })
  const { pooled } = await compute(build, [height, width], values)
  const middles = [0, 1].flatMap(i => [0, 1].map(j => plane(2 + 8 * (0.25 + 0.5 * j), 3 + 6 * (0.25 + 0.5 * i))))
  expect(pooled?.shape).toEqual([1, CHANNELS, 2, 2])
  for (const [at, value] of (pooled?.values ?? []).entries()) expect(value).toBeCloseTo(middles[at % 4] ?? 0, 4)
})

test('what is exact stays in fp32 where everything else is fp16, and makes exact what it meets', async () => {
  const odd = tensorOf([1], Float32Array.of(2049)) // fp16 has every second whole number from 2048 on
  const build: Build = (x, s) => {
    const place = s.constant('odd.exact', odd, 'exact')
    return {
      rounded: s.constant('odd.float', odd).add(vector(x)),
      kept: place.add(vector(x)),
      moved: exactly(vector(x)).clip(0, 9).mul(place).split([1, 1])[0] ?? place,
      grown: exp(exactly(vector(x))),
    }
  }
  const { rounded, kept, moved, grown } = await compute(build, [1, 2], row(1, 12), 'fp16')
  expect(rounded?.values[1]).toBe(2060)
  expect(kept?.values).toEqual([2050, 2061])
  expect(moved?.values).toEqual([2049])
  expect(grown?.values[1]).toBeCloseTo(Math.exp(12), -1) // fp16 ends at 65504
})
