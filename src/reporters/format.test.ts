import { assert, double, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatColumn,
  formatCount,
  formatDuration,
  formatMeasured,
  formatMetric,
  formatNumber,
  formatParameters,
  formatShare,
  formatThreshold,
  meets,
  metricLabel,
  plural,
} from './format.ts'

/** Digits that claim something: not the zeros before the first, nor those that only give the size of a whole number. */
const significant = (text: string) => {
  const [mantissa = ''] = text.replaceAll(/[^\d.e]/g, '').split('e')
  return mantissa.replace('.', '').replace(/^0+/, '').replace(/0+$/, '').length
}

describe('a number', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [0.12345, '0.1235'],
    [12345.6, '12,350'],
    [1e-7, '1e-7'],
    [0.00012346, '1.235e-4'],
    [-2.71899, '-2.719'],
    [999_999, '1,000,000'],
    [2.5e12, '2.5e12'],
    [null, '–'],
    [undefined, '–'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-∞'],
  ])('%j reads %s', (value, text) => expect(formatNumber(value)).toBe(text))

  test('never claims more than four significant digits, and is within half a unit of the fourth', () =>
    assert(
      property(double({ noNaN: true, min: -1e300, max: 1e300 }), value => {
        const text = formatNumber(value)
        expect(significant(text)).toBeLessThanOrEqual(4)
        const read = Number(text.replaceAll(',', ''))
        expect(Math.abs(read - value)).toBeLessThanOrEqual(Math.abs(value) * 5.001e-4)
      }),
    ))

  test('in a column has its point below that of the others, and four digits at most', () => {
    expect(formatColumn([21.4, 34.87, 104.26])).toEqual(['21.4', '34.9', '104.3'])
    expect(formatColumn([503.7, 5331.4, null])).toEqual(['504', '5,331', '–'])
    expect(formatColumn([0.0001, 1234])).toEqual(['1e-4', '1,234'])
    expect(formatColumn([])).toEqual([])
    expect(formatColumn([0, 0])).toEqual(['0', '0'])
  })
})

test.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1024, '1 KiB'],
  [243 * 2 ** 20, '243 MiB'],
  [2.126 * 2 ** 30, '2.13 GiB'],
  [2 ** 40 * 5000, '5,000 TiB'],
])('%d bytes read %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [0.844, '0.844 ms'],
  [999, '999 ms'],
  [12_345, '12.3 s'],
  [59_949, '59.9 s'],
  [59_999, '1 min 0 s'],
  [125_000, '2 min 5 s'],
  [3 * 3_600_000 + 120_000, '3 h 2 min'],
])('%d ms read %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test('counts are exact, parameters are round, shares are in per cent', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect(formatParameters(1_261_568)).toBe('1.26M')
  expect(formatParameters(124)).toBe('124')
  expect(formatShare(0.0784)).toBe('7.84 %')
  expect([plural(1, 'unit'), plural(2, 'unit')]).toEqual(['1 unit', '2 units'])
})

test('a metric has the unit that its name gives', () => {
  expect(formatMetric('ttftMs', 84.21)).toBe('84.21 ms')
  expect(formatMetric('ttftMs.p50', 84.21)).toBe('84.21 ms')
  expect(formatMetric('peakMemoryBytes', 2 ** 30)).toBe('1 GiB')
  expect(formatMetric('peakMemoryShare', 0.5)).toBe('50 %')
  expect(formatMetric('snrDb', 71.3)).toBe('71.3 dB')
  expect(formatMetric('klNatsMax', 1e-6)).toBe('1e-6 nats')
  expect(formatMetric('tokensPerSecondPerUser', 31)).toBe('31 tokens/s')
  expect(formatMetric('flips', null)).toBe('–')
  expect(metricLabel('ttftMs.p95')).toBe('TTFT p95')
  expect(metricLabel('someNewMetricMs')).toBe('some new metric')
})

test('what is almost one is not shown as one', () => {
  expect(formatMetric('cosine', 1)).toBe('1')
  expect(formatMetric('cosine', 0.9999997)).toBe('1 − 3e-7')
})

describe('a measured value', () => {
  const atLeast = { limit: 0.99, comparison: 'at-least' } as const

  test('that misses its limit by less than is shown says on which side it lies', () => {
    expect(formatMeasured('top1', 0.98999999, atLeast)).toBe('just under 0.99')
    expect(formatMeasured('top1', 0.99, atLeast)).toBe('0.99')
    expect(formatMeasured('top1', 0.9, atLeast)).toBe('0.9')
  })

  test('meets its limit as the comparison says, and is unknown where it is missing', () => {
    expect(meets(0.99, atLeast)).toBe(true)
    expect(meets(0.98, atLeast)).toBe(false)
    expect(meets(1, { limit: 0, comparison: 'equal' })).toBe(false)
    expect(meets(1, { limit: 1, comparison: 'at-most' })).toBe(true)
    expect(meets(null, atLeast)).toBeNull()
    expect(formatThreshold('ttftMs', { limit: 100, comparison: 'at-most' })).toBe('≤ 100 ms')
  })
})
