import { expect, test } from 'vitest'
import { log } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import type { BenchmarkPoint, CheckResult, UnitResult } from '../events/result.ts'
import { alternativesTables } from './alternatives.ts'
import { htmlReport } from './html/page.ts'
import { markdown } from './markdown/report.ts'
import { alternatives } from './terminal/alternatives.ts'
import { lookOf } from './terminal/look.ts'

const fixture = resultOf(log())
const template = fixture?.units[0]
if (!fixture || !template) throw new Error('the fixture is empty')

type Metrics = Readonly<Record<string, number>>

function unit(more: Partial<UnitResult>, checks: Readonly<Record<string, Metrics>> = {}): UnitResult {
  const [check] = template?.checks ?? []
  if (!template || !check) throw new Error('the fixture has no check')
  const named = Object.entries(checks).map(([name, metrics]): CheckResult => ({ ...check, name, metrics }))
  return { ...template, checks: named, benchmarks: [], weightBytes: 4096, ...more }
}

const statistics = (median: number) => ({
  ...{ count: 3, median, mean: median, min: median, max: median, p50: median, p90: null, p95: null, p99: null },
  medianInterval: [median, median] as [number, number],
})

const measured = (batch: number, median: number): BenchmarkPoint => ({
  ...{ batch, shape: { inputTokens: 32, outputTokens: 32 }, status: 'pass', reason: null, figures: {}, targets: [] },
  metrics: { tokensPerSecondPerUser: statistics(median) },
  audit: { status: 'pass', reason: null, outputs: 32, disagreements: 0 },
  tokenLatencyMs: [],
  ...{ prefillChunk: null, prefillPassTokens: null, roofline: {} },
})

const fp32 = unit({ id: 'a', precision: 'fp32' })
const int4 = unit(
  {
    id: 'b',
    precision: 'int4',
    weightBytes: 1024,
    benchmarks: [
      {
        ...{ name: 'generation', status: 'pass', reason: null, saturationBatch: null, saturation: [] },
        points: [measured(8, 40), measured(1, 123)],
      },
    ],
  },
  {
    'logits-parity': { relL2: 0.06, klNatsMean: 2.5e-4, top1: 0.98 },
    perplexity: { perplexity: 2.5, referencePerplexity: 2.625, perplexityDifference: 0.125 },
  },
)

test('each precision has one row of what it costs and brings: the smallest batch, and a change of perplexity with its sign', () => {
  expect(alternativesTables({ units: [fp32, int4] })).toEqual([
    {
      model: fp32.model,
      columns: [
        { head: ['error', 'rel. L2'], isWide: false },
        { head: ['KL', 'nats'], isWide: true },
        { head: ['top-1', 'agrees'], isWide: false },
        { head: ['', 'perplexity'], isWide: false },
        { head: ['', 'change'], isWide: true },
        { head: ['', 'size'], isWide: false },
        { head: ['decode', 'tokens/s'], isWide: false },
      ],
      rows: [
        { device: fp32.device, precision: 'fp32', cells: ['–', '–', '–', '–', '–', '4 KiB', '–'] },
        {
          device: fp32.device,
          precision: 'int4',
          cells: ['0.06', '2.5e-4', '98 %', '2.500', '-0.125', '1 KiB', '123.0'],
        },
      ],
    },
  ])
})

test('a vision model is told by what its head gives: accuracy or boxes, latency alone and the best throughput', () => {
  const timed = (batch: number, latencyMs: number): BenchmarkPoint => {
    const metrics = { latencyMs: statistics(latencyMs), imagesPerSecond: statistics((1000 * batch) / latencyMs) }
    return { ...measured(batch, 1), metrics }
  }
  const benchmarks = [
    {
      ...{ name: 'inference', status: 'pass' as const, reason: null, saturationBatch: null, saturation: [] },
      points: [timed(8, 20), timed(1, 4), timed(32, 100)],
    },
  ]
  const right = { accuracy: 0.98, referenceAccuracy: 0.99, agreement: 0.97 }
  const int8 = unit(
    { id: 'c', category: 'vision', precision: 'int8', benchmarks },
    { 'logits-parity': { relL2: 0.011 }, 'accuracy-parity': right },
  )
  const [classifier] = alternativesTables({ units: [{ ...fp32, category: 'vision' }, int8] })
  expect(classifier?.columns.map(({ head }) => head.join(' ').trim())).toEqual([
    'error rel. L2',
    'top-1 agrees',
    'top-1 right',
    'top-1 change',
    'size',
    'latency ms',
    'best images/s',
  ])
  expect(classifier?.rows[1]?.cells).toEqual(['0.011', '97 %', '98 %', '-1 %', '4 KiB', '4.000', '400.0'])

  const found = { 'detection-parity': { coordinatePx: 2.1 }, map: { map: 0.696, referenceMap: 0.72 } }
  const boxes = unit({ id: 'd', category: 'vision', precision: 'int8' }, found)
  const [detector] = alternativesTables({ units: [{ ...fp32, category: 'vision' }, boxes] })
  expect(detector?.columns.map(({ head }) => head.join(' ').trim())).toEqual([
    'boxes apart px',
    'mAP',
    'mAP change',
    'size',
  ])
  expect(detector?.rows[1]?.cells).toEqual(['2.1', '69.6 %', '-2.4 %', '4 KiB'])
})

test('one unit is no table, nor are two models, nor one that was never loaded', () => {
  expect(alternativesTables({ units: [fp32] })).toEqual([])
  expect(alternativesTables({ units: [fp32, { ...int4, model: 'other' }] })).toEqual([])
  expect(alternativesTables({ units: [fp32, { ...int4, weightBytes: null }] })).toEqual([])
})

test('devices and precisions are one table, in which the devices of a precision stand together', () => {
  const torch = { device: 'torch:cpu' }
  const tables = alternativesTables({ units: [fp32, int4, { ...fp32, ...torch }, { ...int4, ...torch }] })
  expect(tables.map(({ rows }) => rows.map(({ device, precision }) => [device, precision]))).toEqual([
    [
      [fp32.device, 'fp32'],
      ['torch:cpu', 'fp32'],
      [fp32.device, 'int4'],
      ['torch:cpu', 'int4'],
    ],
  ])
})

test('the terminal shows it as one table, and what was not measured as nothing', () => {
  const look = lookOf({ write: () => true, isTTY: false }, { LANG: 'C.UTF-8' })
  const lines = alternatives({ ...fixture, units: [fp32, int4] }, { look, width: 100 })
  expect(lines.slice(2).map(line => line.split(/\s{2,}/))).toEqual([
    [fp32.device, 'fp32', '–', '–', '–', '–', '–', '4 KiB', '–'],
    [fp32.device, 'int4', '0.06', '2.5e-4', '98 %', '2.500', '-0.125', '1 KiB', '123.0'],
  ])
  const narrow = alternatives({ ...fixture, units: [fp32, int4] }, { look, width: 80 })
  expect(narrow.at(-1)?.split(/\s{2,}/)).toEqual([fp32.device, 'int4', '0.06', '98 %', '2.500', '1 KiB', '123.0'])
  expect(alternatives({ ...fixture, units: [fp32] }, { look, width: 100 })).toEqual([])
})

test('HTML and Markdown show the same cells as the terminal, and nothing where one precision ran', () => {
  if (!fixture) throw new Error('the fixture is empty')
  const both = { ...fixture, units: [fp32, int4] }
  const cells = ['int4', '0.06', '2.5e-4', '98 %', '2.500', '-0.125', '1 KiB', '123.0']
  expect(markdown.render(both)).toContain(` | ${cells.join(' | ')} |`)
  expect(markdown.render(both)).toContain('` side by side\n')
  const [, row = ''] = /<td>int4<\/td>(.*?)<\/tr>/.exec(htmlReport.render(both)) ?? []
  expect([...row.matchAll(/<td class="number">([^<]*)</g)].map(([, text]) => text)).toEqual(cells.slice(1))
  const one = { ...fixture, units: [fp32] }
  expect(markdown.render(one)).not.toContain('side by side')
  expect(htmlReport.render(one)).not.toContain('id="alternatives"')
})
