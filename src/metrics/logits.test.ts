import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareLogits } from './logits.ts'

const floats = (...values: number[]) => Float32Array.from(values)

/** Straight from the definition, in Math.exp. */
function plainKl(reference: ArrayLike<number>, device: ArrayLike<number>): number {
  const logSoftmax = (row: number[]) => {
    const max = Math.max(...row)
    const normalizer = max + Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0))
    return row.map(x => x - normalizer)
  }
  const p = logSoftmax(Array.from(reference))
  const q = logSoftmax(Array.from(device))
  return p.reduce((sum, logP, i) => sum + Math.exp(logP) * (logP - (q[i] ?? Number.NaN)), 0)
}

const VOCABULARY = 12
const finite = fc.float({ min: -20, max: 20, noNaN: true })
const row = fc.array(finite, { minLength: VOCABULARY, maxLength: VOCABULARY })
const tensor = fc.array(row, { minLength: 1, maxLength: 5 }).map(rows => Float32Array.from(rows.flat()))
const shapeOf = (logits: Float32Array) => ({ positions: logits.length / VOCABULARY, vocabulary: VOCABULARY })
/** A second tensor of the same shape: the first plus noise of a random size, from rounding to nonsense. */
const pair = fc
  .tuple(tensor, fc.infiniteStream(finite), fc.constantFrom(1e-6, 1e-3, 0.05, 0.3, 5))
  .map(
    ([reference, noise, size]) => [reference, reference.map(x => x + (size / 20) * (noise.next().value ?? 0))] as const,
  )

/** Two positions of five tokens with clear tops, for the faults. */
const REFERENCE = floats(1, 5, 2, 0, -1, 3, 0, 9, 1, 2)
const SHAPE = { positions: 2, vocabulary: 5, topK: 2 }

test('a case worked by hand', () => {
  const ln = Math.log
  const reference = floats(ln(0.5), ln(0.25), ln(0.25), ln(0.1), ln(0.2), ln(0.7))
  const device = floats(ln(0.25), ln(0.5), ln(0.25), ln(0.1), ln(0.2), ln(0.7))
  const c = compareLogits(reference, device, { positions: 2, vocabulary: 3, topK: 1 })
  expect(c.klNats.mean).toBeCloseTo((0.25 * ln(2)) / 2, 7)
  expect(c.klNats.max).toBeCloseTo(0.25 * ln(2), 7)
  expect(c.klNats.maxPosition).toBe(0)
  expect(c.top1).toBe(0.5)
  expect(c.flips).toHaveLength(1)
  expect(c.flips[0]).toMatchObject({ position: 0, referenceToken: 0, deviceToken: 1 })
  expect(c.flips[0]?.margin).toBeCloseTo(ln(2), 6)
  expect(c.flips[0]?.deviceMargin).toBeCloseTo(ln(2), 6)
  expect(c.topk).toEqual({ k: 1, mean: 0.5, min: 0, minPosition: 0 })
  expect(c.worst).toEqual({ position: 0, token: 0, reference: reference[0], device: device[0] })
  expect(Array.from(c.perPosition.maxAbs)).toEqual([c.elements.maxAbs, 0])
  expect(c.perPosition.klNats[1]).toBe(0)
})

test('a tensor compared with itself is without fault', () => {
  fc.assert(
    fc.property(tensor, logits => {
      const c = compareLogits(logits, logits, shapeOf(logits))
      expect(c).toMatchObject({ top1: 1, flips: [], topk: { mean: 10, min: 10 } })
      expect(c.klNats).toMatchObject({ mean: 0, max: 0, undefinedPositions: 0 })
      expect(c.elements).toMatchObject({ maxAbs: 0, relL2: 0, cosine: 1 })
    }),
  )
})

test('KL is that of the definition, from rounding noise to nonsense, and never negative', () => {
  fc.assert(
    fc.property(pair, ([reference, device]) => {
      const c = compareLogits(reference, device, shapeOf(reference))
      for (const [position, kl] of c.perPosition.klNats.entries()) {
        const [start, end] = [position * VOCABULARY, (position + 1) * VOCABULARY]
        const expected = plainKl(reference.subarray(start, end), device.subarray(start, end))
        expect(kl).toBeGreaterThanOrEqual(0)
        // The errors that divergence.ts states for its two ways, and 1e-13 for the rounding of the plain one.
        const maxAbs = c.perPosition.maxAbs[position] ?? Number.NaN
        const bound = maxAbs <= 1 / 8 ? 2e-10 * maxAbs ** 2 : 2e-11 * (1 + maxAbs)
        expect(Math.abs(kl - expected)).toBeLessThan(bound + 1e-13)
      }
    }),
  )
})

test('a KL far below the rounding of a log-sum is still right', () => {
  // Two tokens, p = 1/2 each, one moved by x: KL = log cosh(x / 2) = x^2 / 8 for small x.
  for (const x of [1e-4, 1e-6, 1e-9].map(Math.fround)) {
    const { max } = compareLogits(floats(0, 0), floats(0, x), { positions: 1, vocabulary: 2 }).klNats
    expect(max / ((x * x) / 8)).toBeCloseTo(1, 8)
  }
})

test('adding a constant to a row of the device changes neither KL nor top-1', () => {
  const grid = fc.array(fc.integer({ min: -64, max: 64 }), { minLength: VOCABULARY, maxLength: VOCABULARY })
  fc.assert(
    fc.property(grid, grid, fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(4, 1024), (r, d, shift, step) => {
      const reference = Float32Array.from(r, x => x / 4)
      const device = reference.map((x, i) => x + (d[i] ?? 0) / step)
      const shape = shapeOf(reference)
      const plain = compareLogits(reference, device, shape)
      const shifted = compareLogits(
        reference,
        device.map(x => x + shift),
        shape,
      )
      expect(Math.abs(shifted.klNats.max - plain.klNats.max)).toBeLessThan(1e-10 * (1 + plain.klNats.max))
      expect(shifted.top1).toBe(plain.top1)
    }),
  )
})

test('permuting the tokens of both sides changes no metric', () => {
  fc.assert(
    fc.property(pair, ([reference, device]) => {
      fc.pre(new Set(reference).size === reference.length && new Set(device).size === device.length)
      const shape = shapeOf(reference)
      const reversed = (logits: Float32Array) =>
        logits.map((_, i) => logits[i - (i % VOCABULARY) + VOCABULARY - 1 - (i % VOCABULARY)] ?? Number.NaN)
      const c = compareLogits(reference, device, shape)
      const p = compareLogits(reversed(reference), reversed(device), shape)
      expect(p.top1).toBe(c.top1)
      expect(p.topk).toEqual(c.topk)
      expect(p.elements.maxAbs).toBe(c.elements.maxAbs)
      expect(Math.abs(p.klNats.mean - c.klNats.mean)).toBeLessThan(1e-10 * (1 + c.klNats.mean))
      expect(p.flips.map(flip => flip.margin)).toEqual(c.flips.map(flip => flip.margin))
    }),
  )
})

test('margins of flips are not negative, and the choice costs at least the margin', () => {
  fc.assert(
    fc.property(pair, ([reference, device]) => {
      const c = compareLogits(reference, device, shapeOf(reference))
      expect(c.top1).toBeCloseTo(1 - c.flips.length / c.positions, 12)
      for (const flip of c.flips) {
        expect(flip.margin).toBeGreaterThanOrEqual(0)
        expect(flip.deviceMargin).toBeGreaterThanOrEqual(flip.margin)
      }
    }),
  )
})

describe('an injected fault', () => {
  test('scaled: x and 2x have cosine 1 and every top-1, but relL2 1 and a KL', () => {
    const c = compareLogits(
      REFERENCE,
      REFERENCE.map(x => 2 * x),
      SHAPE,
    )
    expect(c.elements.cosine).toBeCloseTo(1, 12)
    expect(c.elements.relL2).toBeCloseTo(1, 12)
    expect(c.top1).toBe(1)
    expect(c.klNats.mean).toBeGreaterThan(0.01)
  })

  test('shifted by a constant: no KL and every top-1, but maxAbs shows it', () => {
    const c = compareLogits(
      REFERENCE,
      REFERENCE.map(x => x + 1),
      SHAPE,
    )
    expect(c.klNats.max).toBe(0)
    expect([c.top1, c.elements.maxAbs]).toEqual([1, 1])
  })

  test('shifted by one token: every top-1 flips', () => {
    const c = compareLogits(
      REFERENCE,
      REFERENCE.map((_, i) => REFERENCE[(i + 9) % 10] ?? 0),
      SHAPE,
    )
    expect(c.top1).toBe(0)
    expect(c.flips.map(flip => flip.margin)).toEqual([3, 6])
  })

  test('rows swapped: the same numbers, every top-1 flips', () => {
    const c = compareLogits(REFERENCE, floats(...REFERENCE.subarray(5), ...REFERENCE.subarray(0, 5)), SHAPE)
    expect(c.flips).toEqual([
      { position: 0, referenceToken: 1, deviceToken: 2, margin: 3, deviceMargin: 3 },
      { position: 1, referenceToken: 2, deviceToken: 1, margin: 6, deviceMargin: 9 },
    ])
    expect(c.topk.mean).toBe(1)
  })

  test('one NaN: its position has no KL, the others keep theirs', () => {
    const device = REFERENCE.slice()
    device[7] = Number.NaN
    const c = compareLogits(REFERENCE, device, SHAPE)
    expect(c.elements).toMatchObject({ deviceNaN: 1, nonFiniteMismatch: 7 })
    expect(c.klNats).toEqual({ mean: 0, max: 0, maxPosition: 0, undefinedPositions: 1 })
    expect(c.perPosition.klNats[1]).toBeNaN()
    expect(c.flips).toEqual([{ position: 1, referenceToken: 2, deviceToken: 0, margin: 6, deviceMargin: 6 }])
  })

  test('a row all NaN: it agrees with nothing, not even itself', () => {
    const broken = REFERENCE.slice().fill(Number.NaN, 5)
    const c = compareLogits(broken, broken, SHAPE)
    expect(c.top1).toBe(0.5)
    expect(c.flips[0]).toMatchObject({ position: 1, referenceToken: -1, deviceToken: -1 })
    expect(c.topk.min).toBe(0)
  })

  test('an infinity whose sign is flipped: a mismatch, and an infinite KL where only the device masks', () => {
    const masked = REFERENCE.with(4, -Infinity)
    expect(compareLogits(masked, masked, SHAPE)).toMatchObject({ top1: 1, klNats: { max: 0, undefinedPositions: 0 } })
    const flipped = compareLogits(masked, REFERENCE.with(4, Infinity), SHAPE)
    expect(flipped.elements.nonFiniteMismatch).toBe(4)
    expect(flipped.klNats.undefinedPositions).toBe(1)
    expect(compareLogits(REFERENCE, masked, SHAPE).klNats).toMatchObject({ max: Infinity, maxPosition: 0 })
    expect(compareLogits(masked, REFERENCE, SHAPE).klNats.max).toBeCloseTo(
      plainKl(REFERENCE.subarray(0, 4), REFERENCE.subarray(0, 4)) +
        Math.log(Array.from(REFERENCE.subarray(0, 5)).reduce((sum, x) => sum + Math.exp(x), 0)) -
        Math.log(Array.from(REFERENCE.subarray(0, 4)).reduce((sum, x) => sum + Math.exp(x), 0)),
      12,
    )
  })

  test('one huge element: found at its place, and its KL does not overflow', () => {
    const c = compareLogits(REFERENCE, REFERENCE.with(8, 1e30), SHAPE)
    expect(c.worst).toEqual({ position: 1, token: 3, reference: 1, device: Math.fround(1e30) })
    expect(c.klNats.max / 1e30).toBeCloseTo(1, 2)
    expect(c.klNats.maxPosition).toBe(1)
    expect(c.flips.map(flip => flip.deviceToken)).toEqual([3])
  })
})

test('of equal logits the lowest token is the argmax, so a tie broken the other way is a flip of margin 0', () => {
  const c = compareLogits(floats(7, 1, 7), floats(7, 1, 7.5), { positions: 1, vocabulary: 3, topK: 1 })
  expect(c.flips).toEqual([{ position: 0, referenceToken: 0, deviceToken: 2, margin: 0, deviceMargin: 0 }])
})

test('rows with fewer numbers than k still agree with themselves', () => {
  const masked = floats(1, -Infinity, -Infinity, -Infinity)
  expect(compareLogits(masked, masked, { positions: 1, vocabulary: 4, topK: 3 }).topk.min).toBe(3)
})

test('shapes that do not fit are refused, and no position gives NaN', () => {
  expect(() => compareLogits(REFERENCE, REFERENCE, { positions: 3, vocabulary: 5 })).toThrow(RangeError)
  expect(() => compareLogits(REFERENCE, REFERENCE.subarray(1), SHAPE)).toThrow(RangeError)
  expect(() => compareLogits(REFERENCE, REFERENCE, { ...SHAPE, topK: 6 })).toThrow(RangeError)
  expect(() => compareLogits(REFERENCE, REFERENCE, { ...SHAPE, topK: 0 })).toThrow(RangeError)
  const none = compareLogits(floats(), floats(), { positions: 0, vocabulary: 5 })
  expect([none.top1, none.klNats.mean, none.topk.mean]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  expect(none.worst).toBeNull()
})
