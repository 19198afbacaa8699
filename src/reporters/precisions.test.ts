import { expect, test } from 'vitest'
import { log } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import type { BenchmarkPoint, CheckResult, UnitResult } from '../events/result.ts'
import { htmlReport } from './html/page.ts'
import { markdown } from './markdown/report.ts'
import { precisionTables } from './precisions.ts'
import { lookOf } from './terminal/look.ts'
import { precisions } from './terminal/precisions.ts'

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

const measured = (batch: number, median: number): BenchmarkPoint => ({
  ...{ batch, inputTokens: 32, outputTokens: 32, status: 'pass', reason: null, figures: {}, targets: [] },
  metrics: {
    tokensPerSecondPerUser: {
      ...{ count: 3, median, mean: median, min: median, max: median, p50: median, p90: null, p95: null, p99: null },
      medianInterval: [median, median],
    },
  },
  audit: { status: 'pass', reason: null, tokens: 32, disagreements: 0 },
  tokenLatencyMs: [],
  ...{ prefillChunk: null, prefillPassTokens: null, roofline: null },
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
  expect(precisionTables({ units: [fp32, int4] })).toEqual([
    {
      model: fp32.model,
      device: fp32.device,
      rows: [
        {
          ...{ precision: 'fp32', relL2: null, klNatsMean: null, top1: null, perplexity: null, perplexityChange: null },
          ...{ weightBytes: 4096, tokensPerSecond: null },
        },
        {
          ...{
            precision: 'int4',
            relL2: 0.06,
            klNatsMean: 2.5e-4,
            top1: 0.98,
            perplexity: 2.5,
            perplexityChange: -0.125,
          },
          ...{ weightBytes: 1024, tokensPerSecond: 123 },
        },
      ],
    },
  ])
})

test('one precision is no table, nor are those of two devices or models, nor one that was never loaded', () => {
  expect(precisionTables({ units: [fp32] })).toEqual([])
  expect(precisionTables({ units: [fp32, { ...int4, device: 'torch:cuda:0' }] })).toEqual([])
  expect(precisionTables({ units: [fp32, { ...int4, model: 'other' }] })).toEqual([])
  expect(precisionTables({ units: [fp32, { ...int4, weightBytes: null }] })).toEqual([])
})

test('the terminal shows it as one table, and what was not measured as nothing', () => {
  const look = lookOf({ write: () => true, isTTY: false }, { LANG: 'C.UTF-8' })
  const lines = precisions({ ...fixture, units: [fp32, int4] }, { look, width: 100 })
  expect(lines.slice(2).map(line => line.split(/\s{2,}/))).toEqual([
    ['fp32', '–', '–', '–', '–', '–', '4 KiB', '–'],
    ['int4', '0.06', '2.5e-4', '98 %', '2.500', '-0.125', '1 KiB', '123.0'],
  ])
  expect(precisions({ ...fixture, units: [fp32] }, { look, width: 100 })).toEqual([])
})

test('HTML and Markdown show the same cells as the terminal, and nothing where one precision ran', () => {
  if (!fixture) throw new Error('the fixture is empty')
  const both = { ...fixture, units: [fp32, int4] }
  const cells = ['int4', '0.06', '2.5e-4', '98 %', '2.500', '-0.125', '1 KiB', '123.0']
  expect(markdown.render(both)).toContain(`| ${cells.join(' | ')} |`)
  expect(markdown.render(both)).toContain('\n## Precisions of `')
  const [, row = ''] = /<th scope="row">int4<\/th>(.*?)<\/tr>/.exec(htmlReport.render(both)) ?? []
  expect([...row.matchAll(/<td class="number">([^<]*)</g)].map(([, text]) => text)).toEqual(cells.slice(1))
  const one = { ...fixture, units: [fp32] }
  expect(markdown.render(one)).not.toContain('Precisions of')
  expect(htmlReport.render(one)).not.toContain('id="precisions"')
})
