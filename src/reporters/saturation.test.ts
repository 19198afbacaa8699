import { describe, expect, test } from 'vitest'
import type { Saturation } from '../events/result.ts'
import { ceilingsText, formatRate, saturationSentence } from './saturation.ts'

const CEILINGS = { flopsPerSecond: 1.83e11, bytesPerSecond: 3.12e10, reason: null }
const SATURATION: Saturation = {
  shape: { inputTokens: 512, outputTokens: 128 },
  batch: 8,
  atBatch: 8,
  throughput: 1234.4,
  measured: 5,
  beyond: null,
  phase: 'decode',
  bound: 'bandwidth',
  share: 0.712,
}

const sentence = (more: Partial<Saturation>, ceilings: typeof CEILINGS | null = CEILINGS) =>
  saturationSentence('generation', { ...SATURATION, ...more }, ceilings)

describe('the sentence says where throughput stops growing', () => {
  test('or that it still grows, and why no larger batch was measured', () => {
    expect(sentence({})).toMatch(/^Throughput stops growing at batch 8, at 1,234 tokens\/s; /)
    const growing = { batch: null, atBatch: 16 }
    expect(sentence(growing)).toMatch(/^Throughput still grows at batch 16, the largest that was measured, at 1,234 /)
    const reason = 'does not fit: it needs 9.0 GiB at least, and the device has 8.0 GiB'
    expect(sentence({ ...growing, beyond: reason })).toContain(
      'at 1,234 tokens/s; the next larger batch was not: does not fit: it needs 9.0 GiB at least, and the device has 8.0 GiB; ',
    )
  })

  test('or that one batch says nothing of it', () => {
    expect(sentence({ batch: null, atBatch: 4, measured: 1 })).toMatch(
      /^Only batch 4 was measured, at 1,234 tokens\/s, which says nothing of growth; /,
    )
  })
})

describe('and what binds there', () => {
  test.each<[Saturation['bound'], RegExp]>([
    ['bandwidth', /; most of the time there is decode, bound by bandwidth: it reads at 71.2 % of the rate measured/],
    ['arithmetic', /; most of the time there is decode, bound by arithmetic: it computes at 71.2 % of the rate/],
    [
      'overhead',
      /; most of the time there is decode, bound by overhead: it reaches 71.2 % at most of the bandwidth and/,
    ],
  ])('%s', (bound, text) => expect(sentence({ bound })).toMatch(text))

  test('with a doubt where more is reached than was measured', () => {
    expect(sentence({ bound: 'arithmetic', share: 1.3 })).toMatch(
      /it computes at 130 % of the rate measured on the device, so the device was slower while its limits were measured\.$/,
    )
    expect(sentence({ share: 1 })).toMatch(/it reads at 100 % of the rate measured on the device\.$/)
  })

  test('or that it is not known, with the reason where there is one', () => {
    const unknown = { bound: null, share: null }
    const reason = 'the engine npu takes no graphs to measure its devices with'
    expect(
      saturationSentence('generation', { ...SATURATION, ...unknown }, { ...CEILINGS, flopsPerSecond: null, reason }),
    ).toBe(`Throughput stops growing at batch 8, at 1,234 tokens/s; what binds is not known: ${reason}.`)
    expect(sentence(unknown, null)).toMatch(/; what binds is not known\.$/)
  })
})

test('rates are in powers of a thousand', () => {
  expect(formatRate(3.12e10, 'B/s')).toBe('31.2 GB/s')
  expect(formatRate(999, 'B/s')).toBe('999 B/s')
  expect(formatRate(1.5e15, 'FLOP/s')).toBe('1.5 PFLOP/s')
  expect(formatRate(null, 'B/s')).toBeNull()
  expect(formatRate(0, 'B/s')).toBe('0 B/s')
  expect(ceilingsText(CEILINGS)).toBe('183 GFLOP/s and 31.2 GB/s')
  expect(ceilingsText({ ...CEILINGS, flopsPerSecond: null })).toBe('31.2 GB/s')
  expect(ceilingsText({ flopsPerSecond: null, bytesPerSecond: null, reason: 'no' })).toBeNull()
})
