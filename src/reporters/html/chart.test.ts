import { describe, expect, test } from 'vitest'
import { barChart, legend, lineChart } from './chart.ts'

const points = [1, 2, 4, 8].map(batch => ({ x: batch, y: batch * 10, title: `batch ${batch} <b>` }))
const chart = {
  description: 'Throughput "against" batch',
  x: { label: 'batch size', isLogarithmic: true },
  y: { label: 'tokens/s' },
  series: [{ name: 'throughput', points }],
}
const numbers = (markup: string, pattern: RegExp) => [...markup.matchAll(pattern)].map(match => Number(match[1]))

describe('a line chart', () => {
  test('labels both axes, ticks every batch size, and tells each point', () => {
    const { markup } = lineChart(chart)
    for (const label of ['batch size', 'tokens/s', '>1<', '>2<', '>4<', '>8<', '>80<']) expect(markup).toContain(label)
    expect(markup).toContain('aria-label="Throughput &quot;against&quot; batch"')
    expect(markup.match(/<title>batch \d &lt;b&gt;<\/title>/g)).toHaveLength(4)
  })

  test('places doubling batches evenly and larger values higher', () => {
    const { markup } = lineChart(chart)
    const xs = numbers(markup, /cx="([\d.]+)"/g)
    const ys = numbers(markup, /cy="([\d.]+)"/g)
    const gaps = xs.slice(1).map((x, index) => x - (xs[index] ?? 0))
    for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0] ?? 0, 0)
    expect(ys).toEqual(ys.toSorted((a, b) => b - a))
  })

  test('places what doubles evenly on a logarithmic axis of values too', () => {
    const { markup } = lineChart({ ...chart, y: { label: 'tokens/s', isLogarithmic: true } })
    const ys = numbers(markup, /cy="([\d.]+)"/g)
    const gaps = ys.slice(1).map((y, index) => (ys[index] ?? 0) - y)
    for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0] ?? 0, 0)
    expect(markup).toContain('>100<')
  })

  test('draws the mark and the limit where they are given, within the axis', () => {
    const { markup } = lineChart({
      ...chart,
      mark: { x: 4, label: 'saturates at 4' },
      limit: { y: 500, label: 'target' },
    })
    expect(markup).toContain('saturates at 4')
    const [limit] = numbers(markup, /class="limit" x1="\d+" x2="\d+" y1="([\d.]+)"/g)
    expect(limit).toBeGreaterThan(0)
    expect(lineChart(chart).markup).not.toMatch(/class="(mark|limit)/)
  })

  test('of one point, or of hundreds, has no coordinate that is not a number', () => {
    const one = lineChart({ ...chart, series: [{ name: 'one', points: points.slice(0, 1) }] })
    const many = Array.from({ length: 500 }, (_, x) => ({ x: x + 2, y: 5, title: `${x}` }))
    const dense = lineChart({
      ...chart,
      x: { label: 'position', isLogarithmic: false },
      series: [{ name: 'many', points: many }],
    })
    for (const { markup } of [one, dense]) expect(markup).not.toMatch(/NaN|Infinity|undefined/)
    expect(dense.markup.match(/<title>/g)?.length).toBeLessThan(20)
  })

  test('has a legend where there is more than one series', () => {
    expect(legend(chart.series)).toBeNull()
    expect(legend([...chart.series, ...chart.series])?.markup.match(/<li>/g)).toHaveLength(2)
  })
})

describe('a bar chart', () => {
  const bars = [
    { label: '0', count: 100, title: 'equal', isApart: true },
    { label: '2^-3', count: 0, title: 'none', isApart: false },
    { label: '2^-2', count: 1, title: 'one', isApart: false },
    { label: '2^-1', count: 1_000_000, title: 'many', isApart: false },
  ]

  test('shows a single count, leaves out an empty bin, and sets powers as powers', () => {
    const { markup } = barChart({ description: 'errors', xLabel: 'absolute error', bars })
    const heights = numbers(markup, /height="([\d.]+)"><title>/g)
    expect(heights).toHaveLength(3)
    for (const height of heights) expect(height).toBeGreaterThan(2)
    expect(markup).toMatch(/>2<tspan[^>]*>−1<\/tspan>/)
    expect(markup).not.toMatch(/NaN|Infinity|undefined/)
  })
})
