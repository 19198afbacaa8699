import { describe, expect, it } from 'vitest'
import { toFloat32 } from '../tensor.ts'
import { f32, mapped, outputs, someLogits } from './fixtures.ts'
import { logitScale, noiseMargin, rowErrors } from './noise.ts'
import { smallestMeanShift, smallestShare } from './smallest-drop.ts'

describe('noise', () => {
  it('is twice the allowed error of a logit', () => {
    expect(noiseMargin(0.01, 3)).toBeCloseTo(0.06, 12)
  })

  it('has the scale of centred logits, position by position', () => {
    // 10 ± 1 and 5 ± 3: the constant plays no part.
    const reference = Float32Array.of(9, 11, 9, 11, 2, 8, 2, 8)
    const { relL2, scale } = rowErrors(
      reference,
      reference.map((value, i) => (i < 4 ? value : 1.5 * value)),
      4,
    )
    expect([...scale]).toEqual([1, 3])
    expect([...relL2]).toEqual([0, 0.5])
  })

  it('does not change with the device’s error', () => {
    const reference = toFloat32(someLogits(3))
    const far = reference.map(value => 100 - value)
    expect(rowErrors(reference, far, 40).scale).toEqual(rowErrors(reference, reference, 40).scale)
  })

  it('a model’s scale is the median over its positions, or the RMS of the margins where there are no logits', () => {
    const logits = f32([1, 3, 2], i => [1, -1, 4, -4, 9, -9][i] ?? 0)
    expect(logitScale(outputs({ 'logits.a': { logits } }))).toBe(4)
    expect(logitScale(outputs({ 'logits.a': { logits: mapped(logits, value => value + 50) } }))).toBeCloseTo(4, 5)
    const margins = f32([1, 2], i => [3, 4][i] ?? 0)
    expect(logitScale(outputs({ 'generate.a': { margins } }))).toBeCloseTo(Math.sqrt(12.5), 6)
    expect(logitScale(outputs({}))).toBe(0)
  })
})

describe('the smallest drop', () => {
  it('is about 3/n for a share without a fault', () => {
    expect(smallestShare(1000)).toBeCloseTo(3 / 1000, 4)
    expect(smallestShare(1)).toBeCloseTo(0.95, 12)
    expect(smallestShare(0)).toBeNull()
    for (const n of [1, 7, 300]) expect((1 - (smallestShare(n) ?? 0)) ** n).toBeCloseTo(0.05, 12)
  })

  it('is 2.49 standard errors for a mean', () => {
    expect(smallestMeanShift(0.1)).toBeCloseTo(0.249, 3)
  })
})
