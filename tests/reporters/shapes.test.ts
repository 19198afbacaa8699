/** A benchmark of several shapes in the reports: each shape by itself, their curves together, and what was not measured with its reason. */
import { describe, expect, test } from 'vitest'
import { resultOf } from '../../src/events/document.ts'
import type { EventBody, RunEvent } from '../../src/events/event.ts'
import type { BenchmarkPoint } from '../../src/events/result.ts'
import { REPORTERS } from '../../src/reporters/index.ts'
import { lookOf } from '../../src/reporters/terminal/look.ts'
import { summary } from '../../src/reporters/terminal/summary.ts'
import { bodies, number, UNITS } from './fixture.ts'

const NOT_FIT = 'does not fit: it needs 90.1 GiB at least, and the device has 80.0 GiB'

function unmeasured(point: BenchmarkPoint): BenchmarkPoint {
  return {
    ...point,
    batch: 64,
    status: 'skip',
    reason: NOT_FIT,
    metrics: {},
    figures: { neededBytes: 90.1 * 2 ** 30, availableBytes: 80 * 2 ** 30 },
    targets: [],
    audit: { status: 'skip', reason: 'nothing was timed', outputs: 0, disagreements: 0 },
    tokenLatencyMs: [],
    roofline: {},
  }
}

/** The run of the fixture, in which one unit has a second shape too, whose largest batch did not fit. */
function log(): RunEvent[] {
  const own: EventBody[] = []
  for (const body of bodies()) {
    if (body.type === 'unit-ended' && body.unit === UNITS.flaky.id && body.status === null) {
      const points = own.flatMap(each =>
        each.type === 'point-ended' && each.unit === UNITS.flaky.id ? [each.point] : [],
      )
      const others = points.slice(0, 3).map(point => ({
        ...point,
        shape: { ...point.shape, inputTokens: 1024, prefillChunk: 256 },
      }))
      const [first] = others
      for (const point of [...others, ...(first ? [unmeasured(first)] : [])])
        own.push({ type: 'point-ended', unit: body.unit, attempt: body.attempt, benchmark: 'generation', point })
    }
    own.push(body)
  }
  return [...number(own)]
}

const result = resultOf(log())
if (result === null) throw new Error('the fixture is empty')
const unit = result.units.find(({ id }) => id === UNITS.flaky.id)
const [benchmark] = unit?.benchmarks ?? []

describe('in the document', () => {
  test('each shape has its own saturation, and the benchmark none', () => {
    expect(benchmark?.saturationBatch).toBeNull()
    expect(
      benchmark?.saturation.map(({ shape: { inputTokens }, batch, atBatch, beyond }) => ({
        inputTokens,
        batch,
        atBatch,
        beyond,
      })),
    ).toEqual([
      { inputTokens: 128, batch: 16, atBatch: 16, beyond: null },
      { inputTokens: 1024, batch: null, atBatch: 4, beyond: NOT_FIT },
    ])
  })
})

describe('on a terminal', () => {
  const look = lookOf({ isTTY: false, write: () => true }, { LANG: 'en_US.UTF-8' })
  const text = summary(result, [], { look, width: 120 })
  const own = text.slice(text.indexOf('  128 tokens in, 64 out'))

  test('each shape has its table and its sentence', () => {
    expect(own).toMatch(/1024 tokens in, 64 out, prefill in chunks of 256\n {2}generation/)
    expect(text).toMatch(/✓ 16 sat /)
    expect(text).toMatch(/Throughput stops growing at batch 16, at 5,133 tokens\/s; most of the time there is decode/)
    expect(text.replaceAll(/\n +/g, ' ')).toContain(`the next larger batch was not: ${NOT_FIT}`)
    expect(text).toContain('measured on the device: 1.1 TFLOP/s and 190 GB/s')
  })

  test('a target that is asked for stands by itself where it is missed, one that is not once for all points', () => {
    const targets = [true, false].flatMap(enforced =>
      ['ttftMs', 'tokensPerSecondPerUser'].map(metric => ({
        metric,
        limit: 7,
        comparison: 'at-most' as const,
        value: 8,
        met: false,
        enforced,
      })),
    )
    const [asked, usual] = [targets.slice(0, 2), targets.slice(2)]
    const shown = (own: typeof targets) =>
      summary(
        {
          ...result,
          units: result.units.map(each => ({
            ...each,
            benchmarks: each.benchmarks.map(part => ({
              ...part,
              points: part.points.slice(0, 3).map(point => ({ ...point, targets: own })),
            })),
          })),
        },
        [],
        { look, width: 120 },
      )
    expect(shown(asked).match(/✗ TTFT target ≤ 7 ms: 8 ms at batch \d$/gm)?.length).toBeGreaterThanOrEqual(6)
    expect(shown(usual)).toMatch(/· TTFT target ≤ 7 ms: missed at 3 points \(for information\)/)
    expect(shown(usual)).not.toMatch(/at batch 1 \(for/)
  })

  test('what was not measured stands below with its reason', () => {
    expect(text).toContain(`○ batch 64: ${NOT_FIT}`)
  })
})

describe('in the HTML report', () => {
  const page = REPORTERS.html.render(result)

  test('each shape has a heading, a table and its sentence', () => {
    expect(page.match(/<h5>[^<]*<\/h5>/g)).toEqual([
      '<h5>128 tokens in, 64 out</h5>',
      '<h5>1024 tokens in, 64 out, prefill in chunks of 256</h5>',
    ])
    expect(page).toContain('Throughput stops growing at batch 16, at 5,133 tokens/s')
    expect(page).toMatch(/<td class="small" colspan="\d+">does not fit: it needs 90.1 GiB/)
    expect(page).toContain('90.1 GiB')
  })

  test('the throughput of each shape is a line of its own, named in the legend', () => {
    const chart =
      /<figcaption>Throughput<\/figcaption>(?:(?!<\/figure>).)*1024 tokens in(?:(?!<\/figure>).)*<\/figure>/s.exec(page)
    expect(chart?.[0].match(/<polyline/g)).toHaveLength(2)
    expect(chart?.[0].match(/<li>/g)).toHaveLength(2)
    expect(chart?.[0]).not.toMatch(/NaN|undefined/)
  })

  test('work is held against the limits of the device, with what binds', () => {
    expect(page).toContain('measured on the device: 1.1 TFLOP/s and 190 GB/s')
    expect(page).toMatch(/<summary>Work against the device’s limits<\/summary>/)
    expect(page).toMatch(/<td class="number">(arithmetic|bandwidth|overhead)<\/td>/)
  })
})
